"""The buckets of failed logins in Redis: properties beyond the contract of every login throttle."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from user_svc.adapters.login_throttle import RedisLoginThrottle
from user_svc.adapters.redis_client import open_client
from user_svc.domain.errors import DependencyUnavailableError
from user_svc.domain.login_attempt import AttemptDecision, LoginAttempt, LoginThrottlePolicy

from tests.running.servers import RunningRedis, free_port

TERMS = LoginThrottlePolicy(free_per_account=3, free_per_address=6, longest_delay_s=60)


@pytest.fixture
async def redis(redis_server: RunningRedis) -> AsyncIterator[Redis]:
    async with open_client(redis_server.url) as client:
        yield client


@pytest.fixture
def throttle(redis: Redis) -> RedisLoginThrottle:
    return RedisLoginThrottle(redis, TERMS)


def an_email() -> str:
    return f"Ada.{secrets.token_hex(8)}@example.com"


async def keys_of(redis: Redis, attempt: LoginAttempt) -> list[str]:
    keys = {key async for key in redis.scan_iter("*")}
    return [key for key in keys if attempt.account in key or (attempt.network and attempt.network in key)]


async def by_time(redis: Redis, bucket: str) -> list[tuple[str, float]]:
    rows: list[Any] = await redis.zrange(bucket, 0, -1, withscores=True)
    return [(attempt_id, came_at_ms) for attempt_id, came_at_ms in rows]


async def test_keys_have_one_hash_slot_a_ttl_and_no_email(redis: Redis, throttle: RedisLoginThrottle) -> None:
    email = an_email()
    attempt = LoginAttempt.of(email, "2001:db8:7:7::1")
    for _ in range(TERMS.free_per_account + 2):
        await throttle.begin(LoginAttempt.of(email, "2001:db8:7:7::1"))
    await throttle.succeed(LoginAttempt.of(email, "2001:db8:7:7::1"))
    await throttle.begin(attempt)
    keys = await keys_of(redis, attempt)
    assert len(keys) == 5  # three buckets, the mark of the first refusal, the familiar networks
    assert len({key_slot(key.encode()) for key in keys}) == 1
    assert all([await redis.pttl(key) > 0 for key in keys])
    name = email.partition("@")[0].lower()
    assert not [key for key in keys if name in key.lower() or "@" in key]


async def test_clock_set_back_does_not_extend_a_delay(redis: Redis, throttle: RedisLoginThrottle) -> None:
    email = an_email()
    for _ in range(TERMS.free_per_account + 1):
        await throttle.begin(LoginAttempt.of(email, ""))
    (bucket,) = await keys_of(redis, LoginAttempt.of(email, ""))
    ahead_ms = 3_600_000
    for attempt_id, came_at_ms in await by_time(redis, bucket):
        await redis.zadd(bucket, {attempt_id: came_at_ms + ahead_ms})
    decision = await throttle.begin(LoginAttempt.of(email, ""))
    assert 0 < decision.retry_after_s <= 1
    _, last_ms = (await by_time(redis, bucket))[-1]
    now_s, _ = await redis.time()
    assert last_ms / 1000 <= now_s + 1


async def test_bucket_size_is_bounded(redis: Redis, throttle: RedisLoginThrottle) -> None:
    email = an_email()
    await throttle.begin(LoginAttempt.of(email, ""))
    (bucket,) = await keys_of(redis, LoginAttempt.of(email, ""))
    await redis.zadd(bucket, {f"failure {number}": number for number in range(5000)})
    await redis.zremrangebyscore(bucket, 5000, "+inf")
    for _ in range(2):
        assert await throttle.begin(LoginAttempt.of(email, "")) == AttemptDecision()
        assert await redis.zcard(bucket) == TERMS.free_per_account + 33
        await redis.zadd(bucket, {attempt_id: 4999 for attempt_id, _ in await by_time(redis, bucket)})
    await throttle.begin(LoginAttempt.of(email, ""))
    decision = await throttle.begin(LoginAttempt.of(email, ""))
    assert 59 < decision.retry_after_s <= 60


async def test_successes_of_an_attacker_do_not_empty_a_full_bucket(redis: Redis, throttle: RedisLoginThrottle) -> None:
    network = "2001:db8:8:8::/64"
    bucket = f"{{logins}}:address:{network}"
    await redis.zadd(bucket, {f"failure {number}": number for number in range(200)})
    for _ in range(80):
        attempt = LoginAttempt.of(an_email(), "2001:db8:8:8::1")
        assert await throttle.begin(attempt) == AttemptDecision()
        await throttle.succeed(attempt)
    await throttle.begin(LoginAttempt.of(an_email(), "2001:db8:8:8::1"))
    decision = await throttle.begin(LoginAttempt.of(an_email(), "2001:db8:8:8::1"))
    assert 59 < decision.retry_after_s <= 60


async def test_attempt_fails_without_redis() -> None:
    async with open_client(f"redis://127.0.0.1:{free_port()}/0") as nowhere:
        throttle = RedisLoginThrottle(nowhere, TERMS)
        attempt = LoginAttempt.of(an_email(), "192.0.2.1")
        for call in (throttle.begin, throttle.succeed, throttle.take_back):
            with pytest.raises(DependencyUnavailableError):
                await call(attempt)
