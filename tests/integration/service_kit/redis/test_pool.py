"""A request's deadline bounds its waits for Redis, and each reply reaches the command that it belongs to."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from service_kit.redis.pool import RedisPool
from service_kit.request.context import RequestContext, enter_request
from service_kit.telemetry.trace_context import continue_trace

from tests.running.polling import in_time
from tests.running.servers import RunningRedis
from tests.running.tcp_proxy import tcp_proxy


@asynccontextmanager
async def client_of(
    url: str, *, max_connections: int = 1, wait_s: float = 5, timeout_s: float = 5
) -> AsyncIterator[Redis]:
    pool = RedisPool.from_url(
        url, max_connections=max_connections, wait_s=wait_s, timeout_s=timeout_s, retry=Retry(NoBackoff(), 0)
    )
    client = Redis(connection_pool=pool)
    try:
        yield client
    finally:
        await client.aclose()
        await pool.aclose()


@pytest.fixture
async def redis(redis_server: RunningRedis) -> AsyncIterator[Redis]:
    async with client_of(redis_server.url) as client:
        yield client


@pytest.fixture
async def silent_url(redis_server: RunningRedis) -> AsyncIterator[str]:
    async with tcp_proxy(redis_server.port) as proxy:
        proxy.forwards_new = False
        yield redis_server.url.replace(str(redis_server.port), str(proxy.port))


async def call(client: Redis, *command: str | int) -> object:
    return await client.execute_command(*command)  # type: ignore[no-untyped-call]


async def in_a_request(left_s: float, client: Redis, *command: str) -> object:
    async def ask() -> object:
        enter_request(RequestContext("req-1", continue_trace(None), deadline=time.monotonic() + left_s))
        return await call(client, *command)

    return await asyncio.create_task(ask())


async def taken_from(client: Redis) -> AbstractConnection:
    connection: AbstractConnection = await client.connection_pool.get_connection()  # type: ignore[no-untyped-call]
    return connection


async def test_request_within_its_deadline_is_answered(redis: Redis) -> None:
    assert await in_a_request(5, redis, "ECHO", "x") == b"x"
    assert await call(redis, "ECHO", "y") == b"y"


async def test_late_request_begins_no_command(redis: Redis) -> None:
    with pytest.raises(TimeoutError):
        await in_a_request(-0.1, redis, "SET", "late", "1")
    assert await redis.get("late") is None


async def test_wait_for_an_answer_ends_at_the_deadline(redis: Redis) -> None:
    started = time.monotonic()
    with pytest.raises(RedisTimeoutError):
        await in_a_request(0.1, redis, "BLPOP", "nothing", "3")
    assert time.monotonic() - started < 2
    assert await call(redis, "ECHO", "z") == b"z"


async def test_configured_timeout_is_the_longest(redis_server: RunningRedis) -> None:
    async with client_of(redis_server.url, timeout_s=0.1) as client:
        started = time.monotonic()
        with pytest.raises(RedisTimeoutError):
            await in_a_request(60, client, "BLPOP", "nothing", "3")
        assert time.monotonic() - started < 2


async def test_connecting_ends_at_the_deadline(silent_url: str) -> None:
    async with client_of(silent_url) as client:
        started = time.monotonic()
        with pytest.raises(RedisTimeoutError):
            await in_a_request(0.1, client, "PING")
        assert time.monotonic() - started < 2


async def test_wait_for_a_connection_ends_at_the_deadline(redis: Redis) -> None:
    holding = asyncio.create_task(call(redis, "BLPOP", "nothing", "1"))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    with pytest.raises(RedisConnectionError):
        await in_a_request(0.1, redis, "PING")
    assert time.monotonic() - started < 0.8
    await holding


async def test_a_connection_with_an_unread_reply_is_not_handed_out(redis: Redis) -> None:
    connection = await taken_from(redis)
    await connection.send_command("ECHO", "another caller's")

    async def has_arrived() -> bool | None:
        return await connection.can_read() or None

    await in_time(has_arrived, within_s=5)
    await redis.connection_pool.release(connection)

    assert await call(redis, "ECHO", "mine") == b"mine"


async def test_many_cancellations_mix_up_and_lose_no_connection(redis_server: RunningRedis) -> None:
    chance = random.Random(7)  # noqa: S311
    async with client_of(redis_server.url, max_connections=4) as client:

        async def ask(number: int) -> bool:
            if number % 2:
                return bool(await call(client, "ECHO", number) == str(number).encode())
            async with client.pipeline(transaction=True) as pipeline:
                pipeline.echo(str(number))
                return bool(await pipeline.execute() == [str(number).encode()])

        async def cancelled_at_some_time(number: int) -> bool:
            task = asyncio.create_task(ask(number))
            for _ in range(chance.randint(0, 2)):
                await asyncio.sleep(chance.random() / 100)
                task.cancel()
            try:
                return await task
            except asyncio.CancelledError:
                return True

        for batch in range(40):
            assert all(await asyncio.gather(*(cancelled_at_some_time(batch * 50 + n) for n in range(50))))
        # As many at once as the pool may have connections: none of its places is lost.
        async with asyncio.timeout(5):
            held = [await taken_from(client) for _ in range(4)]
        for connection in held:
            await client.connection_pool.release(connection)
