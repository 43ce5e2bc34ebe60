"""Describes settings for people: values in force, and the reference of --help."""

from collections.abc import Iterator, Mapping
from typing import Any

from service_kit.settings.declaration import Setting, declared_settings


def describe(settings: object, prefix: str) -> str:
    """Returns the settings in force: one line NAME=value each, secrets masked."""
    return "\n".join(f"{variable}={value}" for variable, value in in_force(settings, prefix).items())


def in_force(settings: object, prefix: str) -> dict[str, str]:
    """Returns the settings in force by the names of their variables, each on one line, secrets masked."""
    declared = declared_settings(type(settings), prefix)
    return {each.variable: as_text(getattr(settings, each.field)) for each in declared}


def reference(cls: type, prefix: str) -> Iterator[tuple[str, str]]:
    """Yields for every setting the name of its variable and its text in --help."""
    for declared in declared_settings(cls, prefix):
        yield declared.variable, f"{declared.doc} ({'; '.join(_facts(declared))})"


def _facts(declared: Setting) -> Iterator[str]:
    unit = f" {declared.unit}" if declared.unit else ""
    if declared.choices:
        yield " | ".join(declared.choices)
    low, high = declared.minimum, declared.maximum
    if low is not None and high is not None:
        yield f"{low:.15g} to {high:.15g}{unit}"
    elif low is not None or high is not None:
        yield f"at least {low:.15g}{unit}" if low is not None else f"at most {high:.15g}{unit}"
    if declared.min_length is not None:
        yield f"at least {declared.min_length} long"
    if declared.secret:
        yield "secret"
    if declared.required:
        yield f"required{unit and f', in{unit}'}"
    else:
        default = as_text(declared.default)
        yield f"default {default}{unit}" if default else f"default none{unit and f', in{unit}'}"


def as_text(value: Any) -> str:
    """Returns a value as one line, in the form that its setting reads."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ",".join(f"{as_text(name)}={as_text(item)}" for name, item in value.items())
    # A named tuple, such as an address, is written as the text that its parser reads.
    if type(value) in {tuple, list, frozenset}:
        return ",".join(as_text(item) for item in value)
    return str(value).replace("\r", "\\r").replace("\n", "\\n")
