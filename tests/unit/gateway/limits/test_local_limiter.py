"""GCRA against a model in exact fractions: a bucket that leaks one request per interval."""

from fractions import Fraction
from math import floor

from gateway.limits.local_limiter import LocalLimiter
from gateway.limits.quota import Quota
from hypothesis import given, settings
from hypothesis import strategies as st

US = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.us = 123_456_789

    def __call__(self) -> int:
        return self.us


class LeakyBucket:
    """Holds `limit` requests; leaks one per interval; admits what still fits."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.level = Fraction(0)
        self.at = 0

    def admit(self, now: int) -> tuple[bool, int, Fraction]:
        """Whether it fits, how many more would, and in how many seconds the next one will."""
        leaked = Fraction(now - self.at, self.quota.interval_us)
        self.level, self.at = max(Fraction(0), self.level - leaked), now
        if self.level + 1 > self.quota.limit:
            wait = (self.level + 1 - self.quota.limit) * self.quota.interval_us / US
            return False, 0, wait
        self.level += 1
        return True, floor(self.quota.limit - self.level), Fraction(0)


quotas = st.builds(Quota, st.integers(1, 50), st.integers(1, 100))


@settings(deadline=None)
@given(quota=quotas, pauses_us=st.lists(st.one_of(st.just(0), st.integers(0, 10 * US)), max_size=120))
async def test_limiter_agrees_with_the_model(quota: Quota, pauses_us: list[int]) -> None:
    clock, bucket = Clock(), LeakyBucket(quota)
    limiter = LocalLimiter(now_us=clock)
    bucket.at = clock.us
    for pause_us in pauses_us:
        clock.us += pause_us
        allowed, remaining, wait_s = bucket.admit(clock.us)
        admission = await limiter.admit("k", quota)
        assert (admission.allowed, admission.remaining) == (allowed, remaining)
        assert abs(admission.retry_after_s - wait_s) < 1e-6
        assert abs(admission.reset_after_s - bucket.level * quota.interval_us / US) < 1e-6


@given(quota=quotas)
async def test_retry_is_admitted_at_the_retry_time_and_not_earlier(quota: Quota) -> None:
    clock = Clock()
    limiter = LocalLimiter(now_us=clock)
    admissions = [await limiter.admit("k", quota) for _ in range(quota.limit + 1)]
    assert [a.allowed for a in admissions] == [True] * quota.limit + [False]
    clock.us += round(admissions[-1].retry_after_s * US) - 1
    assert not (await limiter.admit("k", quota)).allowed
    clock.us += 1
    assert (await limiter.admit("k", quota)).allowed


async def test_least_recent_key_is_forgotten_beyond_the_bound() -> None:
    limiter, quota = LocalLimiter(max_keys=3, now_us=Clock()), Quota(2, 60)
    for key in ("busy", "quiet", "busy", "a", "b", "c", "d"):
        await limiter.admit(key, quota)
    assert len(limiter._worked_off_at) == 3
    assert (await limiter.admit("quiet", quota)).remaining == 1


async def test_keys_without_use_are_forgotten() -> None:
    clock = Clock()
    limiter = LocalLimiter(now_us=clock)
    for number in range(1000):
        await limiter.admit(f"k{number}", Quota(10, 1))
        clock.us += US
    assert len(limiter._worked_off_at) < 5
