"""Computes the longest text that a pattern of the contract accepts."""

import re
from importlib import import_module

# The parser of re is private; there is no public way to get the width of a pattern.
_parser = import_module("re._parser")

# A greater width means unbounded: re marks that by its own maximum, which differs between versions of Python.
_MAX_CHARACTERS = 2**31


def longest_match(pattern: str) -> int | None:
    """Returns the greatest number of characters of a string that ``pattern`` accepts.

    None if it is unbounded: also for a pattern that is not anchored at both ends, which any string with a match passes.
    """
    try:
        parsed = _parser.parse(pattern)
    except re.error:  # RE2 syntax that re does not support; compiling the pattern reports it
        return None
    parts = list(parsed)
    if len(parts) < 2 or not (_is_anchor(parts[0], "AT_BEGINNING") and _is_anchor(parts[-1], "AT_END")):
        return None
    characters = int(parsed.getwidth()[1])
    return characters if characters < _MAX_CHARACTERS else None


def _is_anchor(part: tuple[object, object], name: str) -> bool:
    return str(part[0]) == "AT" and str(part[1]).startswith(name)
