"""Connections that died while they were idle are replaced within the request's deadline."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import AsyncCursor
from service_kit.postgres import PoolLimits, PostgresPool, open_pool
from service_kit.postgres.statements import execute, fetch_all, in_transaction

from tests.integration.service_kit.postgres.conftest import enter_request_with
from tests.running.polling import in_time
from tests.running.servers import RunningPostgres
from tests.running.tcp_proxy import TcpProxy, tcp_proxy

#: With the pool's own check, ten dead connections cost one request a minute.
LIMITS = PoolLimits(min_size=10, max_size=10, wait_s=5.0, connect_timeout_s=5, statement_timeout_ms=5000)
DEADLINE_S = 5.0

Use = Callable[[PostgresPool], Coroutine[Any, Any, None]]
Kill = Callable[[TcpProxy, RunningPostgres, PostgresPool], Awaitable[None]]


@pytest.fixture
async def proxy(postgres_server: RunningPostgres) -> AsyncIterator[TcpProxy]:
    async with tcp_proxy(postgres_server.port) as proxy:
        yield proxy


@pytest.fixture
async def pool(postgres_server: RunningPostgres, proxy: TcpProxy) -> AsyncIterator[PostgresPool]:
    """A pool of ten connections, all of them idle."""
    url = postgres_server.create_database("dead").replace(str(postgres_server.port), str(proxy.port))
    async with open_pool(url, LIMITS, application_name="dead") as pool:
        await pool.wait()
        yield pool


@pytest.fixture
def stage(
    proxy: TcpProxy, postgres_server: RunningPostgres, pool: PostgresPool
) -> tuple[TcpProxy, RunningPostgres, PostgresPool]:
    return proxy, postgres_server, pool


async def terminate(proxy: TcpProxy, server: RunningPostgres, pool: PostgresPool) -> None:
    async with await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True) as admin:
        await admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'dead'"
        )


async def time_out(proxy: TcpProxy, server: RunningPostgres, pool: PostgresPool) -> None:
    """Ends the connections as idle_session_timeout does."""
    async with pool.connection() as connection:
        await connection.execute("SET idle_session_timeout = 1")
        pid = connection.info.backend_pid

    async def ended() -> bool | None:
        async with await psycopg.AsyncConnection.connect(server.admin_url, autocommit=True) as admin:
            rows = await (await admin.execute("SELECT FROM pg_stat_activity WHERE pid = %s", (pid,))).fetchall()
        return not rows or None

    await in_time(ended, within_s=5)


async def finish(proxy: TcpProxy, server: RunningPostgres, pool: PostgresPool) -> None:
    await proxy.drop(reset=False)


async def reset(proxy: TcpProxy, server: RunningPostgres, pool: PostgresPool) -> None:
    await proxy.drop(reset=True)


async def lose(proxy: TcpProxy, server: RunningPostgres, pool: PostgresPool) -> None:
    """Drops the connections as a firewall drops idle ones: neither side is notified."""
    proxy.hang()
    await asyncio.sleep(1.1)  # what was used within the last second is not asked for a sign of life


KILLS = [terminate, time_out, finish, reset, lose]


async def read(pool: PostgresPool) -> None:
    enter_request_with(DEADLINE_S)
    assert await fetch_all(pool, "SELECT 1") == [(1,)]


async def write(pool: PostgresPool) -> None:
    enter_request_with(DEADLINE_S)
    await execute(pool, "CREATE TEMP TABLE IF NOT EXISTS one (it int)")


async def transact(pool: PostgresPool) -> None:
    async def work(cursor: AsyncCursor[tuple[object, ...]]) -> None:
        await cursor.execute("SELECT 1")

    enter_request_with(DEADLINE_S)
    await in_transaction(pool, work)


@pytest.mark.parametrize("kill", KILLS)
@pytest.mark.parametrize("use", [read, write, transact])
@pytest.mark.parametrize("requests", [1, 10])
async def test_dead_idle_connections_fail_no_request(
    kill: Kill, use: Use, requests: int, stage: tuple[TcpProxy, RunningPostgres, PostgresPool]
) -> None:
    await kill(*stage)

    await asyncio.gather(*(asyncio.create_task(use(stage[2])) for _ in range(requests)))


@pytest.mark.parametrize("kill", KILLS)
async def test_pool_is_complete_after_dead_connections(
    kill: Kill, proxy: TcpProxy, postgres_server: RunningPostgres, pool: PostgresPool
) -> None:
    await kill(proxy, postgres_server, pool)
    await asyncio.gather(*(asyncio.create_task(read(pool)) for _ in range(20)))

    async def whole() -> bool | None:
        stats = pool.get_stats()
        return stats["pool_available"] == stats["pool_size"] == 10 or None

    await in_time(whole, within_s=10)


async def test_connection_in_use_is_not_tested(pool: PostgresPool, postgres_server: RunningPostgres) -> None:
    """Under load only the socket is polled: the server sees only the statements."""
    async with pool.connection() as connection:
        pid = connection.info.backend_pid
    for _ in range(20):
        await fetch_all(pool, "SELECT 2")
    async with await psycopg.AsyncConnection.connect(postgres_server.admin_url, autocommit=True) as admin:
        query = "SELECT query FROM pg_stat_activity WHERE pid = %s"
        assert await (await admin.execute(query, (pid,))).fetchone() == ("SELECT 2",)


async def test_work_that_may_have_committed_is_not_repeated(
    pool: PostgresPool, postgres_server: RunningPostgres
) -> None:
    await execute(pool, "CREATE TABLE counted (it int)")
    calls = 0

    async def work(cursor: AsyncCursor[tuple[object, ...]]) -> None:
        nonlocal calls
        calls += 1
        await cursor.execute("INSERT INTO counted VALUES (1)")

    # The trigger runs when the transaction commits, and ends its own session.
    await execute(
        pool,
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
    )
    await execute(
        pool,
        "CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON counted DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION die()",
    )
    with pytest.raises(psycopg.OperationalError):
        await in_transaction(pool, work)
    assert calls == 1

    with pytest.raises(psycopg.OperationalError):  # a single statement that writes: its outcome is unknown too
        await execute(pool, "INSERT INTO counted VALUES (1)")
    assert await fetch_all(pool, "SELECT * FROM counted") == []


async def test_idempotent_statement_is_repeated(pool: PostgresPool) -> None:
    await execute(pool, "CREATE TABLE claimed (key int PRIMARY KEY)")
    await execute(pool, "CREATE SEQUENCE tries")
    claim = """
        WITH tried AS MATERIALIZED (SELECT nextval('tries') AS number)
        INSERT INTO claimed SELECT 1 FROM tried
        WHERE CASE number WHEN 1 THEN pg_terminate_backend(pg_backend_pid()) ELSE true END
        ON CONFLICT DO NOTHING"""
    assert await execute(pool, claim, idempotent=True) == 1


async def test_transaction_whose_commit_was_not_sent_is_repeated(
    pool: PostgresPool, postgres_server: RunningPostgres
) -> None:
    await execute(pool, "CREATE TABLE once (it int)")
    calls = 0

    async def work(cursor: AsyncCursor[tuple[object, ...]]) -> None:
        nonlocal calls
        calls += 1
        await cursor.execute("INSERT INTO once VALUES (1)")
        if calls == 1:
            await cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    await in_transaction(pool, work)

    assert calls == 2
    assert await fetch_all(pool, "SELECT * FROM once") == [(1,)]


async def test_deadlocked_transaction_is_repeated(postgres_server: RunningPostgres) -> None:
    url = postgres_server.create_database("deadlock")
    async with open_pool(url, replace(LIMITS, statement_timeout_ms=10_000), application_name="deadlock") as pool:
        await execute(pool, "CREATE TABLE pairs (key int PRIMARY KEY, it int)")
        await execute(pool, "INSERT INTO pairs VALUES (1, 0), (2, 0)")
        met = asyncio.Barrier(2)
        first_time = {1: True, 2: True}

        async def change(first: int, second: int) -> None:
            async def work(cursor: AsyncCursor[tuple[object, ...]]) -> None:
                await cursor.execute("UPDATE pairs SET it = it + 1 WHERE key = %s", (first,))
                if first_time[first]:
                    first_time[first] = False
                    await met.wait()
                await cursor.execute("UPDATE pairs SET it = it + 1 WHERE key = %s", (second,))

            await in_transaction(pool, work)

        await asyncio.gather(change(1, 2), change(2, 1))
        assert await fetch_all(pool, "SELECT it FROM pairs") == [(2,), (2,)]
