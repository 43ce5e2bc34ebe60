"""Reads the raw header fields of an ASGI scope, whose names are in lower case.

A dozen steps read one or two fields each: scanning the short list of pairs costs less than building a mapping.
"""

from collections.abc import Iterable


def first(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """Returns the value of the first field called ``name``, or None."""
    for field_name, value in headers:
        if field_name == name:
            return value
    return None


def every(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """Returns the values of all fields called ``name``, in the order in which they were received."""
    return [value for field_name, value in headers if field_name == name]
