"""A request's deadline bounds its statements, and usually costs nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest
from psycopg_pool import PoolTimeout
from service_kit.postgres import PoolLimits, PostgresPool, open_pool

from tests.integration.service_kit.postgres.conftest import enter_request_with

LIMITS = PoolLimits(min_size=1, max_size=1, wait_s=0.5, connect_timeout_s=2, statement_timeout_ms=4000)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[PostgresPool]:
    async with open_pool(database_url, LIMITS, application_name="tests") as pool:
        yield pool


async def shown_ms(pool: PostgresPool, left_s: float | None) -> int:
    """Returns statement_timeout in a request with ``left_s`` seconds left."""

    async def show() -> int:
        if left_s is not None:
            enter_request_with(left_s)
        async with pool.connection() as connection:
            row = await (
                await connection.execute("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'")
            ).fetchone()
        assert row is not None
        return int(row[0])

    return await asyncio.create_task(show())


async def test_short_deadline_shortens_statement_timeout(pool: PostgresPool) -> None:
    assert await shown_ms(pool, None) == 4000
    assert 400 <= await shown_ms(pool, 0.4) < 900
    assert 100 <= await shown_ms(pool, 0.1) <= 300


async def test_long_deadline_does_not_exceed_the_configured_timeout(pool: PostgresPool) -> None:
    assert await shown_ms(pool, 60) == 4000


@pytest.mark.parametrize("left_s", [None, 60, 3, 1.9])
async def test_request_after_one_with_a_short_deadline_has_its_own_timeout(
    pool: PostgresPool, left_s: float | None
) -> None:
    assert await shown_ms(pool, 0.1) <= 300
    assert await shown_ms(pool, left_s) >= (4 if left_s is None else min(left_s, 4)) * 1000 - 100


async def test_usual_request_does_not_set_statement_timeout(pool: PostgresPool, database_url: str) -> None:
    """The last statement on the connection is the request's own."""
    for left_s in (5, 2.99, 1.98, 1.5):

        async def ask(left_s: float = left_s) -> None:
            enter_request_with(left_s)
            async with pool.connection() as connection, await psycopg.AsyncConnection.connect(database_url) as other:
                query = "SELECT query FROM pg_stat_activity WHERE pid = %s"
                row = await (await other.execute(query, (connection.info.backend_pid,))).fetchone()
            assert row is not None
            assert "set_config" not in row[0]

        await asyncio.create_task(ask())


async def test_late_request_begins_no_command(pool: PostgresPool) -> None:
    async def late() -> None:
        enter_request_with(-0.1)
        async with pool.connection():
            raise AssertionError

    with pytest.raises(TimeoutError):
        await asyncio.create_task(late())
    assert pool.get_stats().get("requests_num", 0) == 0


async def test_wait_for_a_connection_ends_at_the_deadline(pool: PostgresPool) -> None:
    async def ask(left_s: float) -> None:
        enter_request_with(left_s)
        async with pool.connection():
            raise AssertionError

    async with pool.connection():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.create_task(ask(0.05)), 0.4)
        with pytest.raises(PoolTimeout):
            await asyncio.create_task(ask(5))


async def test_deadline_that_passed_in_the_queue_begins_no_statement(database_url: str) -> None:
    limits = replace(LIMITS, wait_s=5)
    async with open_pool(database_url, limits, application_name="tests") as pool:
        blocker = asyncio.Event()

        async def hold() -> None:
            async with pool.connection():
                await blocker.wait()

        async def ask() -> None:
            enter_request_with(0.05)
            async with pool.connection():
                raise AssertionError

        holding = asyncio.create_task(hold())
        await asyncio.sleep(0)
        asking = asyncio.create_task(ask())
        with pytest.raises(TimeoutError):
            await asking
        blocker.set()
        await holding
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")
