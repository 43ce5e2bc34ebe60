"""Reads a JSON object strictly: what a lenient parser would let pass in silence is an error here (RFC 8259, I-JSON).

Names that repeat, NaN and Infinity, nesting over 32, text that is no UTF-8 or has half a surrogate pair: all refused.
"""

import json
import re
from collections import Counter
from typing import Any

from service_kit.errors import Violation

BODY = "body"
MAX_NESTING = 32

# The next bracket behind whatever is none, strings above all, or the end. What begins like a string and never ends is
# one, too: it must not be looked at again from each quote within. Nothing is copied, however many strings there are.
_BRACKET = re.compile(
    rb"""(?: [^"\[\]{}]++ | "(?:[^"\\]|\\.)*+ \\? (?:"|\Z) )*+ (?P<bracket>[\[\]{}]|\Z)""", re.DOTALL | re.VERBOSE
)


class JsonError(Exception):
    """The text is not a JSON object that we take; ``violation`` says why."""

    def __init__(self, rule: str, message: str, field: str = BODY) -> None:
        super().__init__(message)
        self.violation = Violation(field, rule, message)


def read_object(body: bytes | bytearray) -> dict[str, Any]:
    """The object that ``body`` holds. JsonError: it holds something else."""
    _check_nesting(body)
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except UnicodeDecodeError as exc:
        raise JsonError("json.utf8", "is not UTF-8") from exc
    except ValueError as exc:  # also an integer of more digits than Python converts
        raise JsonError("json.syntax", _explain(exc)) from exc
    if not isinstance(value, dict):
        raise JsonError("json.type", "must be a JSON object")
    return value


def _check_nesting(body: bytes | bytearray) -> None:
    if body.count(b"[") + body.count(b"{") <= MAX_NESTING:
        return
    depth = 0
    for match in _BRACKET.finditer(body):
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


def _no_constant(name: str) -> Any:
    raise JsonError("json.syntax", f"{name} is not JSON")


def _explain(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    return "has a number that is out of range"
