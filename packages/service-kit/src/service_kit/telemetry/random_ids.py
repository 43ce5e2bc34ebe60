"""Ids that are unique, and no secret: of requests, traces and spans."""

from random import Random

# Seeded by the system once. Asking the system for each id would be a call into the kernel, three of them a request.
_random = Random()  # noqa: S311 (nobody gains by guessing one)


def random_hex(digits: int) -> str:
    """``digits`` random hexadecimal digits in lower case, not all of them zero."""
    return f"{_random.getrandbits(4 * digits) or 1:0{digits}x}"
