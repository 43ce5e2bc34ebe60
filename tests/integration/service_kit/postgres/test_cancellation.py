"""A cancelled caller: its statement ends in the server, and the connection is usable or closed."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest
from service_kit.postgres import PoolLimits, PostgresPool, open_pool

from tests.running.polling import in_time
from tests.running.servers import RunningPostgres
from tests.running.tcp_proxy import tcp_proxy

LIMITS = PoolLimits(min_size=1, max_size=1, wait_s=5, connect_timeout_s=2, statement_timeout_ms=30_000)
SLOW = "SELECT pg_sleep(20)"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[PostgresPool]:
    async with open_pool(database_url, LIMITS, application_name="tests") as pool:
        yield pool


async def running(database_url: str, statement: str) -> int:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        query = "SELECT count(*) FROM pg_stat_activity WHERE query = %s AND state = 'active'"
        row = await (await other.execute(query, (statement,))).fetchone()
    assert row is not None
    return int(row[0])


async def until_running(database_url: str, statement: str) -> None:
    async def look() -> bool | None:
        return await running(database_url, statement) > 0 or None

    await in_time(look, within_s=5)


async def run(pool: PostgresPool, statement: str) -> None:
    async with pool.connection() as connection:
        await connection.execute(statement)


async def backend(pool: PostgresPool) -> int:
    async with pool.connection() as connection:
        return connection.info.backend_pid


async def test_a_cancelled_statement_ends_in_the_server(pool: PostgresPool, database_url: str) -> None:
    before = await backend(pool)
    task = asyncio.create_task(run(pool, SLOW))
    await until_running(database_url, SLOW)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await running(database_url, SLOW) == 0
    assert await backend(pool) == before


async def test_cancelled_transaction_is_rolled_back(pool: PostgresPool, database_url: str) -> None:
    await run(pool, "CREATE TABLE written (number int)")

    async def write() -> None:
        async with pool.connection() as connection, connection.transaction():
            await connection.execute("INSERT INTO written VALUES (1)")
            await connection.execute(SLOW)

    task = asyncio.create_task(write())
    await until_running(database_url, SLOW)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with pool.connection() as connection:
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert await (await connection.execute("SELECT * FROM written")).fetchall() == []


async def test_caller_that_is_cancelled_twice_loses_only_its_connection(pool: PostgresPool, database_url: str) -> None:
    task = asyncio.create_task(run(pool, SLOW))
    await until_running(database_url, SLOW)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await run(pool, "SELECT 1")
    assert pool.get_stats()["pool_size"] == 1


async def test_silent_server_is_given_up(postgres_server: RunningPostgres) -> None:
    url = postgres_server.create_database("silent")
    async with tcp_proxy(postgres_server.port) as proxy:
        proxied = url.replace(str(postgres_server.port), str(proxy.port))
        limits = replace(LIMITS, statement_timeout_ms=300)
        async with open_pool(proxied, limits, application_name="tests") as pool:
            await run(pool, "SELECT 1")
            proxy.hang()
            started = time.monotonic()
            with pytest.raises(psycopg.OperationalError):
                await run(pool, "SELECT 1")
            assert time.monotonic() - started < 4
            await run(pool, "SELECT 1")


async def test_cancellation_on_a_silent_server_is_bounded(postgres_server: RunningPostgres) -> None:
    url = postgres_server.create_database("silent")
    async with tcp_proxy(postgres_server.port) as proxy:
        proxied = url.replace(str(postgres_server.port), str(proxy.port))
        async with open_pool(proxied, LIMITS, application_name="tests") as pool:
            await run(pool, "SELECT 1")
            task = asyncio.create_task(run(pool, SLOW))
            await until_running(url, SLOW)
            proxy.hang()
            proxy.forwards_new = False
            task.cancel()
            started = time.monotonic()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.monotonic() - started < 3
            proxy.forwards_new = True
            await run(pool, "SELECT 1")


async def test_many_cancellations_mix_up_and_lose_no_connection(database_url: str) -> None:
    chance = random.Random(7)  # noqa: S311
    async with open_pool(database_url, replace(LIMITS, max_size=4), application_name="tests") as pool:

        async def ask(number: int) -> bool:
            async with pool.connection() as connection:
                query = "SELECT %s::int, pg_sleep(%s::float)"
                row = await (await connection.execute(query, (number, chance.random() / 500))).fetchone()
            assert row is not None
            return bool(row[0] == number)

        async def cancelled_at_some_time(number: int) -> bool:
            task = asyncio.create_task(ask(number))
            for _ in range(chance.randint(0, 2)):
                await asyncio.sleep(chance.random() / 50)
                task.cancel()
            try:
                return await task
            except asyncio.CancelledError:
                return True

        for batch in range(20):
            assert all(await asyncio.gather(*(cancelled_at_some_time(batch * 50 + n) for n in range(50))))
        assert all(await asyncio.gather(*(ask(number) for number in range(4))))

        async def all_back() -> bool | None:
            stats = pool.get_stats()
            return stats["pool_available"] == stats["pool_size"] or None

        await in_time(all_back, within_s=10)
        assert pool.get_stats()["pool_size"] == 4
