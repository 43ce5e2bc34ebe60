"""What the gateway wants of a rate limiter."""

from dataclasses import dataclass
from typing import Protocol

from gateway.limits.quota import Quota


@dataclass(frozen=True, slots=True)
class Admission:
    """What a limiter says to one request.

    remaining: how many more would be admitted right now. retry_after_s: when the next one would be, in seconds;
    0 where this one is. reset_after_s: when the whole quota is available again, in seconds.
    """

    allowed: bool
    remaining: int
    retry_after_s: float
    reset_after_s: float


class LimiterUnavailable(Exception):  # noqa: N818 - a state of the world, not a mistake
    """The limiter cannot tell: its store does not answer. Nobody is admitted or refused by it."""


class Limiter(Protocol):
    """Counts units under a key against a quota: one for each request, and more where it turns out to be expensive.

    The algorithm is GCRA (ITU-T I.371; https://brandur.org/rate-limiting): per key one time, by which all that was
    admitted is worked off at the quota's pace. A request is admitted if it would push that time no further
    than the whole quota ahead of now.
    """

    async def admit(self, key: str, quota: Quota) -> Admission:
        """Take one request out of the quota, if there is one left. LimiterUnavailable: it cannot be told."""
        ...

    async def charge(self, key: str, quota: Quota, units: int) -> Admission:
        """Take ``units`` out of the quota, whether they are left or not: the next requests wait for them.

        What is owed beyond the quota is at most one whole quota. LimiterUnavailable: it cannot be told.
        """
        ...
