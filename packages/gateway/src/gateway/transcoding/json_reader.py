"""Reads a JSON object strictly: what a lenient parser would let pass in silence is an error here (RFC 8259, I-JSON).

Refused are names that repeat, NaN and Infinity, nesting over 32, text that is not UTF-8 or has half a surrogate pair.
What a body costs is bounded before it is decoded: its values are counted first, which takes about 3 ns a byte and
stops at the first one too many. Memory and time of the decoder then follow that number, and not the body's length.
"""

import json
import re
from collections import Counter
from decimal import Decimal
from functools import lru_cache
from typing import Any

from service_kit.request.errors import Violation

BODY = "body"
MAX_NESTING = 32
#: Of a body whose contract does not bound it. The decoder takes about 0.3 µs for each.
MAX_VALUES = 20_000

# As precise as any number that a program prints, and read within microseconds.
_MAX_NUMBER_CHARACTERS = 400

# The next bracket that is not in a string, or the end. What begins like a string and never ends is one: it must not
# be looked at again from each quotation mark within. Nothing is copied, however many strings there are.
_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"]*+"?)*+(?P<bracket>[\[\]{}]|\Z)')


class JsonError(Exception):
    """The text is not a JSON object that we take; ``violation`` says why."""

    def __init__(self, rule: str, message: str, field: str = BODY) -> None:
        super().__init__(message)
        self.violation = Violation(field, rule, message)


def has_more_values(body: bytes | bytearray, most: int) -> bool:
    """Returns whether a JSON text holds more than ``most`` values, objects and lists included.

    Each value but the first is opened by a comma or a bracket that is not inside a string. Where the text is not JSON,
    those before the first error are counted, which are those that a decoder would get to see.
    """
    return _openings(most).match(_without_escapes(body)) is not None


def _without_escapes(body: bytes | bytearray) -> bytes | bytearray:
    """The text with each string ending at its next quotation mark. A run of backslashes is read from its left end."""
    if b"\\" not in body:
        return body
    return body.replace(b"\\\\", b"").replace(b'\\"', b"")


@lru_cache(maxsize=256)
def _openings(count: int) -> re.Pattern[bytes]:
    """So many commas and opening brackets. Between two of them JSON has a name and a value at most: two strings."""
    return re.compile(rb'(?:[^"\[{,]*+(?:"[^"]*+"?[^"\[{,]*+){0,2}+[\[{,]){%d}+' % count)


def read_object(body: bytes | bytearray, max_values: int = MAX_VALUES) -> dict[str, Any]:
    """Returns the object that ``body`` holds; a number with a fraction or an exponent is a Decimal.

    Args:
        body: UTF-8, of any length.
        max_values: how many JSON values it may hold, objects and lists included.

    Raises:
        JsonError: it holds something else, or too much.
    """
    plain = _without_escapes(body)
    if _openings(max_values).match(plain) is not None:
        raise JsonError("json.max_values", f"must not hold more than {max_values} values")
    _check_nesting(plain)
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError as exc:
        raise JsonError("json.utf8", "is not UTF-8") from exc
    except ValueError as exc:  # also a number that is too long
        raise JsonError("json.syntax", _explain(exc)) from exc
    if not isinstance(value, dict):
        raise JsonError("json.type", "must be a JSON object")
    return value


def _check_nesting(plain: bytes | bytearray) -> None:
    if plain.count(b"[") + plain.count(b"{") <= MAX_NESTING:
        return
    depth = 0
    for match in _BRACKET.finditer(plain):
        depth += 1 if match["bracket"] in {b"[", b"{"} else -1
        if depth > MAX_NESTING:
            raise JsonError("json.nesting", f"must not be nested more than {MAX_NESTING} deep")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    for name in members:
        if not name.isascii():
            _require_characters(name)
    if len(members) != len(pairs):
        repeated = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise JsonError("json.duplicate_key", "must not stand twice in an object", repeated)
    return members


def _require_characters(name: str) -> None:
    """Values are looked at where they are read; a name may be told to the client, which UTF-8 must be able to do."""
    try:
        name.encode()
    except UnicodeEncodeError as exc:
        raise JsonError("json.utf8", "has a name with half a surrogate pair") from exc


def _integer(text: str) -> int:
    """Python takes time that grows with the square of the digits, of which it allows 4 300."""
    if len(text) > _MAX_NUMBER_CHARACTERS:
        raise ValueError(f"a number of {len(text)} characters")
    return int(text)


def _decimal(text: str) -> Decimal:
    """The number as it is written: a float would take 1.00000000000000000001 for an integer."""
    if len(text) > _MAX_NUMBER_CHARACTERS:
        raise ValueError(f"a number of {len(text)} characters")
    try:
        return Decimal(text)
    except ArithmeticError as exc:
        raise ValueError("an exponent that no number has") from exc


def _no_constant(name: str) -> Any:
    raise JsonError("json.syntax", f"{name} is not JSON")


def _explain(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    return "has a number that is out of range"
