"""Quotas: requests per time."""

import re
from dataclasses import dataclass, replace
from math import floor

_QUOTA = re.compile(r"\s*(\d{1,9})\s*/\s*(\d{0,6})\s*([smh])\s*")
_UNIT_S = {"s": 1, "m": 60, "h": 3600}
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Quota:
    """At most ``limit`` requests in any ``window_s`` seconds; a burst may have all of them.

    Raises:
        ValueError: either is not positive, or the quota is finer than one request in a microsecond.
    """

    limit: int
    window_s: int

    def __post_init__(self) -> None:
        if self.limit < 1 or self.window_s < 1:
            raise ValueError("a quota needs at least 1 request and at least 1 second")
        if self.interval_us < 1:
            raise ValueError("a quota may admit at most 1 000 000 requests a second")

    def __str__(self) -> str:
        return f"{self.limit}/{self.window_s}s"

    @property
    def interval_us(self) -> int:
        """The time that one request uses up, in whole microseconds, so that every store computes the same result."""
        return self.window_s * _US // self.limit

    @property
    def burst_us(self) -> int:
        """How far ahead of the clock a key may get, in microseconds: exactly ``limit`` requests."""
        return self.interval_us * self.limit

    def share(self, fraction: float) -> "Quota":
        """Returns the part of this quota for one of several processes, at least one request."""
        return replace(self, limit=max(1, floor(self.limit * fraction)))


def parse_quota(text: str) -> Quota:
    """Parses a quota of the settings: "600/60s", "10/1m", "1000/h" (units s, m, h). Raises ValueError otherwise."""
    match = _QUOTA.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a quota like 600/60s (requests / time, with the unit s, m or h)")
    return Quota(int(match[1]), int(match[2] or 1) * _UNIT_S[match[3]])
