"""Unique ids of requests, traces and spans, which are not secret."""

from random import Random

# Seeded by the system once. Each id from the system would be a system call, three per request.
_random = Random()  # noqa: S311 (a guessed id grants nothing)


def random_hex(digits: int) -> str:
    """Returns ``digits`` random hexadecimal digits in lower case, not all of them zero."""
    return f"{_random.getrandbits(4 * digits) or 1:0{digits}x}"
