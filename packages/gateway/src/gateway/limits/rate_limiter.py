"""The port of rate limiters."""

from dataclasses import dataclass
from typing import Protocol

from gateway.limits.quota import Quota


@dataclass(frozen=True, slots=True)
class RateLimitDecision:
    """The decision on one request."""

    allowed: bool
    #: Requests that would be admitted now.
    remaining: int
    #: When the next request would be admitted, in seconds; 0 if this one is.
    retry_after_s: float
    #: When the whole quota is available again, in seconds.
    reset_after_s: float


class RateLimiterUnavailable(Exception):  # noqa: N818 - a state of the store, not a mistake
    """The limiter cannot decide: its store does not answer."""


class RateLimiter(Protocol):
    """Counts units under a key against a quota: one for each request, and more for an expensive one.

    The algorithm is GCRA (ITU-T I.371; https://brandur.org/rate-limiting): for each key, the theoretical arrival time
    at which the admitted requests are worked off at the quota's rate. A request is admitted if it moves that time no
    further than the whole quota ahead of now.
    """

    async def admit(self, key: str, quota: Quota) -> RateLimitDecision:
        """Takes one request out of the quota, if one is left.

        Raises:
            RateLimiterUnavailable: see there.
        """
        ...

    async def charge(self, key: str, quota: Quota, units: int) -> RateLimitDecision:
        """Takes ``units`` out of the quota, whether they are left or not: later requests wait for them.

        The debt is at most one whole quota.

        Raises:
            RateLimiterUnavailable: see there.
        """
        ...
