"""What every rate limiter promises, whether it counts in Redis or in memory."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from gateway.limits.local_limiter import LocalLimiter
from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimiter
from gateway.limits.redis_limiter import RedisLimiter, limiter_client

from tests.running.servers import RunningRedis


@pytest.fixture(params=["local", "redis"])
async def limiter(request: pytest.FixtureRequest, redis_server: RunningRedis) -> AsyncIterator[RateLimiter]:
    if request.param == "local":
        yield LocalLimiter()
        return
    # A test machine may be busy; the promise tested here is about counts, not about speed.
    client = limiter_client(redis_server.url)
    yield RedisLimiter(client, decision_s=5)
    await client.aclose()


@pytest.fixture
def key() -> str:
    return f"rl:test:{uuid.uuid4()}"


async def test_burst_of_exactly_the_limit_is_admitted(limiter: RateLimiter, key: str) -> None:
    quota = Quota(5, 3600)
    admissions = [await limiter.admit(key, quota) for _ in range(7)]
    assert [a.allowed for a in admissions] == [True] * 5 + [False] * 2
    assert [a.remaining for a in admissions] == [4, 3, 2, 1, 0, 0, 0]


async def test_concurrent_requests_are_counted_exactly(limiter: RateLimiter, key: str) -> None:
    quota = Quota(40, 3600)
    admissions = await asyncio.gather(*(limiter.admit(key, quota) for _ in range(200)))
    assert sum(a.allowed for a in admissions) == 40


async def test_refusal_has_a_retry_time_and_takes_nothing(limiter: RateLimiter, key: str) -> None:
    quota = Quota(2, 60)
    for _ in range(2):
        await limiter.admit(key, quota)
    refusals = [await limiter.admit(key, quota) for _ in range(20)]
    assert not any(a.allowed for a in refusals)
    for refusal in refusals:
        assert 25 < refusal.retry_after_s <= 30
        assert 55 < refusal.reset_after_s <= 60


async def test_admission_reports_what_remains(limiter: RateLimiter, key: str) -> None:
    admission = await limiter.admit(key, Quota(10, 60))
    assert (admission.allowed, admission.remaining, admission.retry_after_s) == (True, 9, 0)
    assert 5 < admission.reset_after_s <= 6


async def test_quota_is_restored_over_time(limiter: RateLimiter, key: str) -> None:
    quota = Quota(10, 1)
    for _ in range(10):
        await limiter.admit(key, quota)
    refusal = await limiter.admit(key, quota)
    await asyncio.sleep(refusal.retry_after_s)
    assert (await limiter.admit(key, quota)).allowed


async def test_each_key_has_its_own_quota(limiter: RateLimiter, key: str) -> None:
    quota = Quota(1, 3600)
    assert (await limiter.admit(key, quota)).allowed
    assert not (await limiter.admit(key, quota)).allowed
    assert (await limiter.admit(key + "x", quota)).allowed


async def test_smaller_quota_applies_at_once(limiter: RateLimiter, key: str) -> None:
    for _ in range(100):
        await limiter.admit(key, Quota(100, 3600))
    refusal = await limiter.admit(key, Quota(60, 60))
    assert not refusal.allowed
    assert refusal.retry_after_s <= 1


async def test_charge_is_taken_even_beyond_the_quota(limiter: RateLimiter, key: str) -> None:
    quota = Quota(5, 3600)
    assert (await limiter.charge(key, quota, 3)).remaining == 2
    charged = await limiter.charge(key, quota, 4)
    assert (charged.allowed, charged.remaining) == (True, 0)
    refusal = await limiter.admit(key, quota)
    assert not refusal.allowed
    # Two are owed, and one is to be taken.
    assert 3 * 720 - 5 < refusal.retry_after_s <= 3 * 720


async def test_debt_is_at_most_one_whole_quota(limiter: RateLimiter, key: str) -> None:
    quota = Quota(5, 3600)
    await limiter.charge(key, quota, 5000)
    refusal = await limiter.admit(key, quota)
    assert 3600 - 5 < refusal.retry_after_s <= 3600
    assert 2 * 3600 - 5 < refusal.reset_after_s <= 2 * 3600


async def test_concurrent_charges_and_requests_are_counted_exactly(limiter: RateLimiter, key: str) -> None:
    quota = Quota(40, 3600)
    await asyncio.gather(*(limiter.charge(key, quota, 3) for _ in range(10)))
    admissions = await asyncio.gather(*(limiter.admit(key, quota) for _ in range(20)))
    assert sum(a.allowed for a in admissions) == 10
