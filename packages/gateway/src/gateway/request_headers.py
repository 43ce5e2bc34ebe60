"""Reading the raw header fields of an ASGI scope, whose names are in lower case already.

A request passes a dozen layers that each want one or two of its fields: scanning the short list of pairs costs
less than building a mapping for all of them.
"""

from collections.abc import Iterable


def first(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The value of the first field called ``name``; None: there is none."""
    for field_name, value in headers:
        if field_name == name:
            return value
    return None


def every(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """The values of all fields called ``name``, in the order of their arrival."""
    return [value for field_name, value in headers if field_name == name]
