"""Declares the fields of a settings dataclass."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, get_type_hints

from service_kit.settings.secret import Secret

_METADATA_KEY = "service_kit.setting"


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


#: The default of a setting that must be given.
REQUIRED: Final = _Required()


@dataclasses.dataclass(frozen=True, slots=True)
class _Declared:
    """The arguments of `setting`."""

    doc: str
    unit: str
    default: Any
    parse: Callable[[str], Any] | None
    minimum: float | None
    maximum: float | None
    choices: Sequence[str] | None
    min_length: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a process.

    field: its name in the dataclass. variable: its name in the environment. type: its annotation.
    default: as declared, so it may be a text that ``parse`` reads; REQUIRED if there is none.
    minimum, maximum: of a number, in ``unit``. min_length: of a text or secret in bytes of UTF-8, of a tuple in items.
    """

    field: str
    variable: str
    type: Any
    doc: str
    unit: str
    default: Any
    parse: Callable[[str], Any] | None
    minimum: float | None
    maximum: float | None
    choices: Sequence[str] | None
    min_length: int | None

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def secret(self) -> bool:
        return self.type is Secret or Secret in getattr(self.type, "__args__", ())


def setting(
    *,
    doc: str,
    unit: str = "",
    default: Any = REQUIRED,
    parse: Callable[[str], Any] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] | None = None,
    min_length: int | None = None,
) -> Any:
    """Declares a field of a settings dataclass.

    doc: its purpose, in half a sentence. unit: "s", "ms", "bytes" …, shown by --help.
    default: a value, or, if ``parse`` is given, the text that it reads.
    parse: text to value, ValueError if malformed; by default the annotation's own parser.
    """
    declared = _Declared(doc, unit, default, parse, minimum, maximum, choices, min_length)
    metadata = {_METADATA_KEY: declared}
    if default is REQUIRED:
        return dataclasses.field(kw_only=True, metadata=metadata)
    value = parse(default) if parse is not None and isinstance(default, str) else default
    # A factory, because dataclasses refuse unhashable values as a default.
    return dataclasses.field(kw_only=True, default_factory=lambda: value, metadata=metadata)


def declared_settings(cls: type, prefix: str) -> Iterator[Setting]:
    """Yields the settings of a dataclass, in the order of its fields."""
    hints = get_type_hints(cls)
    for field in dataclasses.fields(cls):
        declared: _Declared = field.metadata[_METADATA_KEY]
        values = {each.name: getattr(declared, each.name) for each in dataclasses.fields(declared)}
        yield Setting(field=field.name, variable=prefix + field.name.upper(), type=hints[field.name], **values)
