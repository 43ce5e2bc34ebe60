"""The request header by which a client says how long it is going to wait."""

import re

REQUEST_TIMEOUT = "Request-Timeout"
#: In seconds. A shorter time is not enough for a call; a longer one than a day is not plausible over HTTP.
SHORTEST_S, LONGEST_S = 0.001, 86_400.0

_SECONDS = re.compile(rb"[0-9]{1,9}(?:\.[0-9]{1,30})?")


def parse_request_timeout(value: bytes) -> float:
    """The seconds that ``value`` names, such as `2` or `0.25`. ValueError: it has another form, or makes no sense."""
    if not _SECONDS.fullmatch(value):
        raise ValueError("must be a number of seconds, such as 2 or 0.25")
    seconds = float(value)
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise ValueError(f"must be from {SHORTEST_S:g} to {LONGEST_S:g} seconds")
    return seconds
