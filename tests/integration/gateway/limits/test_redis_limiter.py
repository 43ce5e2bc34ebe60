"""The Redis limiter against a real server, and against none."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator

import pytest
from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimiterUnavailable
from gateway.limits.redis_limiter import RedisLimiter, limiter_client
from redis.asyncio import Redis

from tests.running.servers import RunningRedis

QUOTA = Quota(10, 60)


@pytest.fixture
async def client(redis_server: RunningRedis) -> AsyncIterator[Redis]:
    client = limiter_client(redis_server.url)
    yield client
    await client.aclose()


@pytest.fixture
def key() -> str:
    return f"rl:test:{uuid.uuid4()}"


async def test_script_is_loaded_again_when_the_store_has_lost_it(client: Redis, key: str) -> None:
    limiter = RedisLimiter(client, decision_s=5)
    await limiter.admit(key, QUOTA)
    await client.script_flush()
    assert (await limiter.admit(key, QUOTA)).remaining == 8
    assert (await limiter.admit(key, QUOTA)).remaining == 7


async def test_key_expires_when_its_use_is_worked_off(client: Redis, key: str) -> None:
    await RedisLimiter(client, decision_s=5).admit(key, QUOTA)
    assert 5000 < await client.pttl(key) <= 6000


async def test_clients_are_not_locked_out_when_the_clock_is_set_back(client: Redis, key: str) -> None:
    seconds, _ = await client.time()
    await client.set(key, str((seconds + 300) * 1_000_000))
    refusal = await RedisLimiter(client, decision_s=5).admit(key, QUOTA)
    assert not refusal.allowed
    assert refusal.retry_after_s <= 6


async def test_four_gateways_together_admit_the_limit(redis_server: RunningRedis, key: str) -> None:
    clients = [limiter_client(redis_server.url) for _ in range(4)]
    limiters = [RedisLimiter(client, decision_s=5) for client in clients]
    quota = Quota(25, 3600)
    admissions = await asyncio.gather(*(limiters[i % 4].admit(key, quota) for i in range(250)))
    for client in clients:
        await client.aclose()
    assert sum(admission.allowed for admission in admissions) == 25


async def test_limiter_is_unavailable_without_a_server(unused_tcp_port: int) -> None:
    client = limiter_client(f"redis://127.0.0.1:{unused_tcp_port}/0")
    with pytest.raises(RateLimiterUnavailable):
        await RedisLimiter(client).admit("k", QUOTA)
    await client.aclose()


async def test_silent_server_costs_no_more_than_the_timeout() -> None:
    server = await asyncio.start_server(_silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = limiter_client(f"redis://127.0.0.1:{port}/0")
    started = time.monotonic()
    with pytest.raises(RateLimiterUnavailable):
        await RedisLimiter(client).admit("k", QUOTA)
    assert time.monotonic() - started < 0.5
    await client.aclose()
    server.close()


async def test_requests_of_the_next_batch_fail_with_the_current_one() -> None:
    server = await asyncio.start_server(_silent, "127.0.0.1", 0)
    client = limiter_client(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    limiter = RedisLimiter(client)
    first = asyncio.create_task(limiter.admit("k", QUOTA))
    await asyncio.sleep(0.01)
    # The second one is not asked for while the first has no answer.
    second = asyncio.create_task(limiter.admit("k", QUOTA))
    done, _ = await asyncio.wait({first, second}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert {type(task.exception()) for task in done} == {RateLimiterUnavailable}
    await asyncio.sleep(0)
    assert first.done()
    assert second.done()
    await client.aclose()
    server.close()


async def test_late_answer_is_never_taken_for_another_request(client: Redis, key: str) -> None:
    """Requests that give up in the middle must not leave their answer in the connection."""
    hasty = RedisLimiter(client, decision_s=0.0005)
    patient = RedisLimiter(client, decision_s=5)
    mine, others = Quota(1000, 3600), Quota(7, 3600)
    for number in range(200):
        with contextlib.suppress(RateLimiterUnavailable):
            await hasty.admit(f"{key}:other:{number}", others)
        assert (await patient.admit(key, mine)).remaining == 999 - number


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def test_concurrent_requests_are_decided_in_one_batch(client: Redis, key: str) -> None:
    limiter = RedisLimiter(client, decision_s=5)
    await limiter.admit(key, QUOTA)
    before = (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]

    quotas = [Quota(number + 1, 60) for number in range(600)]
    admissions = await asyncio.gather(*(limiter.admit(f"{key}:{q.limit}", q) for q in quotas))

    assert [admission.remaining for admission in admissions] == [quota.limit - 1 for quota in quotas]
    assert (await client.info("commandstats"))["cmdstat_evalsha"]["calls"] - before <= 4


async def test_cancelled_request_does_not_delay_the_others(client: Redis, key: str) -> None:
    limiter = RedisLimiter(client, decision_s=5)
    asking = [asyncio.create_task(limiter.admit(key, QUOTA)) for _ in range(4)]
    await asyncio.sleep(0)
    asking[1].cancel()
    asking[2].cancel()

    done = await asyncio.gather(*asking, return_exceptions=True)

    assert [isinstance(each, asyncio.CancelledError) for each in done] == [False, True, True, False]
    assert (await limiter.admit(key, QUOTA)).remaining in {5, 6, 7}


async def test_answer_is_in_time_when_the_process_was_suspended(redis_server: RunningRedis, key: str) -> None:
    client = limiter_client(redis_server.url)
    limiter = RedisLimiter(client, decision_s=0.05)
    await limiter.admit(key, QUOTA)
    asking = asyncio.create_task(limiter.admit(key, QUOTA))
    for _ in range(2):
        await asyncio.sleep(0)
    time.sleep(0.2)  # noqa: ASYNC251 - as when the machine gives its cores to others
    assert (await asking).allowed
    await client.aclose()


async def test_first_request_needs_no_new_connection_after_warm_up(redis_server: RunningRedis, key: str) -> None:
    client = limiter_client(redis_server.url)
    limiter = RedisLimiter(client)
    await limiter.warm_up()
    before = (await client.info("stats"))["total_connections_received"]
    assert (await limiter.admit(key, QUOTA)).allowed
    assert (await client.info("stats"))["total_connections_received"] == before
    await client.aclose()


async def test_warm_up_without_redis_is_no_error() -> None:
    client = limiter_client("redis://127.0.0.1:1/0")
    await RedisLimiter(client).warm_up()
    await client.aclose()


async def test_check_runs_the_script_that_requests_use(client: Redis) -> None:
    await RedisLimiter(client, decision_s=5).check()
