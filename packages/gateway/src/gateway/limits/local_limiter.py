"""The rate limiter of one process, in memory."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic_ns

from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimitDecision

_US = 1_000_000


def _monotonic_us() -> int:
    return monotonic_ns() // 1000


class LocalLimiter:
    """The same GCRA as limits/gcra.lua, on the monotonic clock.

    Args:
        max_keys: keys that are kept; beyond it, the least recently used key is forgotten with its use.
        now_us: the clock, in microseconds.
    """

    def __init__(self, max_keys: int = 65_536, now_us: Callable[[], int] = _monotonic_us) -> None:
        self._max_keys = max_keys
        self._now_us = now_us
        self._worked_off_at: OrderedDict[str, int] = OrderedDict()

    async def admit(self, key: str, quota: Quota) -> RateLimitDecision:
        """Takes one request out of the quota, if one is left."""
        return self._take(key, quota, 1, is_charge=False)

    async def charge(self, key: str, quota: Quota, units: int) -> RateLimitDecision:
        """Takes ``units`` out of the quota, whether they are left or not."""
        return self._take(key, quota, units, is_charge=True)

    def _take(self, key: str, quota: Quota, units: int, *, is_charge: bool) -> RateLimitDecision:
        now, interval, burst = self._now_us(), quota.interval_us, quota.burst_us
        furthest = now + 2 * burst
        worked_off_at = max(self._worked_off_at.get(key, now), now)
        if worked_off_at > furthest:  # the quota was changed
            worked_off_at = now + burst
        next_at = min(worked_off_at + units * interval, furthest)
        ahead = next_at - now
        if ahead > burst and not is_charge:
            return RateLimitDecision(False, 0, (ahead - burst) / _US, (worked_off_at - now) / _US)
        self._remember(key, next_at, now)
        return RateLimitDecision(True, max(0, (burst - ahead) // interval), 0.0, ahead / _US)

    def _remember(self, key: str, worked_off_at: int, now: int) -> None:
        keys = self._worked_off_at
        keys[key] = worked_off_at
        keys.move_to_end(key)
        quietest = next(iter(keys))
        if len(keys) > self._max_keys or keys[quietest] <= now:
            del keys[quietest]
