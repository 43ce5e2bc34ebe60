"""The limit of recorded renewals, in Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from user_svc.adapters.redis_client import open_client
from user_svc.adapters.renewal_record import RedisRenewalRecord
from user_svc.domain.session import new_session_id

from tests.running.servers import RunningRedis


@pytest.fixture
async def redis(redis_server: RunningRedis) -> AsyncIterator[Redis]:
    async with open_client(redis_server.url) as client:
        yield client


async def test_one_of_many_concurrent_renewals_is_due_and_none_within_the_minute(redis: Redis) -> None:
    records, session_id = [RedisRenewalRecord(redis) for _ in range(3)], new_session_id()
    due = await asyncio.gather(*(record.is_due(session_id) for record in records * 10))
    assert due.count(True) == 1
    assert await records[0].is_due(new_session_id())
    (key,) = [key async for key in redis.scan_iter(f"*{session_id}")]
    assert 55_000 < await redis.pttl(key) <= 60_000
    await redis.pexpire(key, 0)
    assert await records[0].is_due(session_id)
