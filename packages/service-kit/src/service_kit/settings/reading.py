"""Reads settings from the environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from service_kit.runtime.start_refused import StartRefusedError
from service_kit.settings.declaration import Setting, declared_settings
from service_kit.settings.environment import is_service_link
from service_kit.settings.parsing import parse, takes_empty
from service_kit.settings.secret import MASK, SafeValueError

T = TypeVar("T")

#: A setting is a line or a key; a larger file (bytes) is a mistake.
_MAX_FILE_BYTES = 64 * 1024


class SettingsError(StartRefusedError):
    """Every invalid setting of a process; each problem names its variable."""

    heading: ClassVar[str] = "the settings are wrong"


def load(cls: type[T], prefix: str, environ: Mapping[str, str]) -> T:
    """Reads a settings dataclass: each field from PREFIX + NAME, or from the file that PREFIX + NAME_FILE names.

    An empty variable is an empty text or tuple if the setting has a default of that type; otherwise it counts as not
    set. So does a service link of Kubernetes with the name of a setting.

    Raises:
        SettingsError: All problems, not only the first.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for declared in declared_settings(cls, prefix):
        try:
            text = _text(declared, environ)
            if text is not None:
                values[declared.field] = _value(declared, text)
        except ValueError as exc:
            problems.append(f"{declared.variable} {exc}")
    if problems:
        raise SettingsError(*problems)
    try:
        return cls(**values)
    except ValueError as exc:  # raised by __post_init__ for fields that contradict each other
        raise SettingsError(str(exc)) from exc


def _text(declared: Setting, environ: Mapping[str, str]) -> str | None:
    """Returns the text of a setting, None if it is not set; raises ValueError if it is required or set twice."""
    text, path = environ.get(declared.variable), environ.get(f"{declared.variable}_FILE")
    if text and is_service_link(declared.variable, text):
        text = None
    if text and path:
        raise ValueError(f"is set twice: {declared.variable}_FILE is set too")
    if path:
        text = _read(path)
    if text or (text is not None and takes_empty(declared)):
        return text
    if declared.required:
        raise ValueError(f"is required: {declared.doc}" if text is None else f"must not be empty: {declared.doc}")
    return None


def _read(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise ValueError(f"cannot be read from {path}: {exc.strerror}") from exc
    if len(content) > _MAX_FILE_BYTES:
        raise ValueError(f"cannot be read from {path}: over {_MAX_FILE_BYTES} bytes")
    try:
        # Editors and `echo` end a file with a line break that is not part of the value.
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError as exc:
        raise ValueError(f"cannot be read from {path}: not UTF-8") from exc


def _value(declared: Setting, text: str) -> Any:
    try:
        return parse(declared, text)
    except ValueError as exc:
        if declared.secret:
            # A parser's message may quote the text, unless it is a SafeValueError.
            known = declared.parse is None or text == MASK or isinstance(exc, SafeValueError)
            raise ValueError(str(exc) if known else "is malformed") from exc
        raise ValueError(f"{exc} (is {text!r})") from exc
