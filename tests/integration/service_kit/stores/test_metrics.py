"""Metrics of operations on real stores."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest
from redis.exceptions import ResponseError
from service_kit.postgres import PoolLimits, open_pool
from service_kit.redis.client import TimedRedis, own_connection

from tests.running import process_metrics
from tests.running.servers import RunningPostgres, RunningRedis

LIMITS = PoolLimits(min_size=1, max_size=1, wait_s=5, connect_timeout_s=2, statement_timeout_ms=4000)


@pytest.fixture(autouse=True, scope="module")
def collected() -> None:
    process_metrics.collect()


def grown(system: str) -> Callable[..., float]:
    """Returns a function that counts the operations since this call, by name and error."""

    def count(operation: str, error: str = "") -> float:
        return process_metrics.value(
            "db_client_operation_duration_seconds_count",
            db_system_name=system,
            db_operation_name=operation,
            error_type=error,
        )

    before: dict[tuple[str, ...], float] = {}
    for operation in ("SELECT", "INSERT", "BEGIN", "COMMIT", "OTHER", "GET", "SET", "EVAL", "XREAD", "MULTI"):
        for error in ("", "UniqueViolation", "ResponseError", "CancelledError"):
            before[operation, error] = count(operation, error)
    return lambda operation, error="": count(operation, error) - before[operation, error]


async def test_statements_begin_and_commit_are_timed(postgres_server: RunningPostgres) -> None:
    url = postgres_server.create_database("timed")
    async with open_pool(url, LIMITS, application_name="tests") as pool:
        async with pool.connection() as connection:
            await connection.execute("CREATE TABLE a (b int PRIMARY KEY)")
        more = grown("postgresql")
        async with pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            await cursor.executemany("INSERT INTO a VALUES (%s)", [(1,), (2,)])
        async with pool.connection() as connection:
            assert await (await connection.execute("SELECT count(*) FROM a")).fetchone() == (2,)
            with pytest.raises(psycopg.errors.UniqueViolation):
                async with connection.transaction():
                    await connection.execute("INSERT INTO a VALUES (1)")
    assert (more("INSERT"), more("SELECT"), more("INSERT", "UniqueViolation")) == (1, 1, 1)
    assert (more("BEGIN"), more("COMMIT")) == (2, 1)


async def test_cancelled_statement_is_recorded_as_cancelled(postgres_server: RunningPostgres) -> None:
    url = postgres_server.create_database("timed")
    async with open_pool(url, LIMITS, application_name="tests") as pool, pool.connection() as connection:
        await connection.execute("SELECT 1")
        more = grown("postgresql")
        waiting = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
    assert more("SELECT", "CancelledError") == 1


async def test_commands_and_pipelines_are_timed(redis_server: RunningRedis) -> None:
    more = grown("redis")
    async with TimedRedis.from_url(redis_server.url) as redis:
        await redis.set("timed", "1")
        await redis.get("timed")
        with pytest.raises(ResponseError):
            await redis.eval("nonsense", 0)
        async with redis.pipeline(transaction=True) as pipeline:
            pipeline.set("timed", "2")
            pipeline.get("timed")
            assert await pipeline.execute() == [True, b"2"]
    assert (more("SET"), more("GET"), more("EVAL", "ResponseError"), more("MULTI")) == (1, 1, 1, 1)


async def test_blocking_reads_are_not_timed(redis_server: RunningRedis) -> None:
    more = grown("redis")
    async with own_connection(redis_server.url, "tests", connect_timeout_s=5) as redis:
        await redis.xread({"timed-stream": "$"}, block=1)
    assert more("XREAD") == 0
