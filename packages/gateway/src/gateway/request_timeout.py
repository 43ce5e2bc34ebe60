"""The request header that says how long the client waits."""

import re

REQUEST_TIMEOUT = "Request-Timeout"
#: In seconds: no call is shorter, and no client waits longer for a response over HTTP.
SHORTEST_S, LONGEST_S = 0.001, 86_400.0

_SECONDS = re.compile(rb"[0-9]{1,9}(?:\.[0-9]{1,30})?")


def parse_request_timeout(value: bytes) -> float:
    """Parses seconds such as `2` or `0.25`. Raises ValueError for another form, or a value out of bounds."""
    if not _SECONDS.fullmatch(value):
        raise ValueError("must be a number of seconds, such as 2 or 0.25")
    seconds = float(value)
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise ValueError(f"must be from {SHORTEST_S:g} to {LONGEST_S:g} seconds")
    return seconds
