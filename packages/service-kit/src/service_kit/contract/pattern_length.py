"""The longest text that a pattern of the contract accepts."""

import re
from importlib import import_module

# The parser of re is private to it; nothing public tells the width of a pattern.
_parser = import_module("re._parser")

# Wider is "without end": re marks that by its own greatest number, which differs between versions of Python.
_MAX_CHARACTERS = 2**31


def longest_match(pattern: str) -> int | None:
    """Returns how many characters a string may have at most that ``pattern`` accepts as a whole.

    None: without end, or the pattern accepts any string that holds a match, because it is not anchored at both ends.
    """
    try:
        parsed = _parser.parse(pattern)
    except re.error:  # RE2 knows spellings that re does not; whoever compiles the pattern says so
        return None
    parts = list(parsed)
    if len(parts) < 2 or not (_is_anchor(parts[0], "AT_BEGINNING") and _is_anchor(parts[-1], "AT_END")):
        return None
    characters = int(parsed.getwidth()[1])
    return characters if characters < _MAX_CHARACTERS else None


def _is_anchor(part: tuple[object, object], name: str) -> bool:
    return str(part[0]) == "AT" and str(part[1]).startswith(name)
