"""Parses the text of a setting."""

import math
import re
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service_kit.settings.declaration import Setting
from service_kit.settings.secret import MASK, Secret

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def parse(declared: Setting, text: str) -> Any:
    """Returns the value of ``text``; raises ValueError, which says what the setting accepts."""
    if declared.secret and text == MASK:
        raise ValueError("is the mask of a printed secret, not a secret")
    read = declared.parse or _PARSERS[base_type(declared.type)]
    value = read(_choice(declared, text))
    _check_range(declared, value)
    _check_length(declared, value)
    return value


def is_optional(annotation: Any) -> bool:
    """Returns whether the annotation is ``T | None``."""
    return type(None) in typing.get_args(annotation)


def base_type(annotation: Any) -> Any:
    """Returns ``T`` of ``T | None``, tuple of ``tuple[T, ...]``, and any other annotation unchanged."""
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        annotation = next(each for each in typing.get_args(annotation) if each is not type(None))
    return typing.get_origin(annotation) or annotation


def takes_empty(declared: Setting) -> bool:
    """Returns whether an empty text is a value of the setting; for other types it means "not set"."""
    return not declared.required and not is_optional(declared.type) and base_type(declared.type) in {str, tuple}


def _choice(declared: Setting, text: str) -> str:
    if declared.choices is None:
        return text
    for choice in declared.choices:
        if text.strip().lower() == choice.lower():
            return choice
    raise ValueError(f"must be one of {', '.join(declared.choices)}")


def _check_range(declared: Setting, value: Any) -> None:
    low, high = declared.minimum, declared.maximum
    if (low is None or value >= low) and (high is None or value <= high):
        return
    unit = f" {declared.unit}" if declared.unit else ""
    if low is not None and high is not None:
        raise ValueError(f"must be from {low:g} to {high:.15g}{unit}")
    raise ValueError(f"must be at least {low:.15g}{unit}" if low is not None else f"must be at most {high:.15g}{unit}")


def _check_length(declared: Setting, value: Any) -> None:
    if declared.min_length is None:
        return
    if isinstance(value, Secret):
        value = value.reveal()
    length, what = (len(value.encode()), "bytes long") if isinstance(value, str) else (len(value), "items long")
    if length < declared.min_length:
        raise ValueError(f"must be at least {declared.min_length} {what}, but is {length}")


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise ValueError("must be a whole number")
    return int(text)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError as exc:
        raise ValueError("must be a number") from exc
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


def _boolean(text: str) -> bool:
    try:
        return _WORDS[text.strip().lower()]
    except KeyError as exc:
        raise ValueError("must be true or false") from exc


def _items(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _integer,
    float: _number,
    bool: _boolean,
    Path: Path,
    Secret: Secret,
    tuple: _items,
}
