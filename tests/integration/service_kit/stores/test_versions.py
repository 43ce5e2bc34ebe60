"""Readiness names stores that are older than the oldest supported version."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from service_kit.postgres import PoolLimits, open_pool, ping
from service_kit.postgres.pool import UnsupportedPostgresError, require_supported
from service_kit.redis.version import UnsupportedRedisError, check_version

from tests.running.servers import RunningPostgres, RunningRedis


@asynccontextmanager
async def answering(reply: bytes) -> AsyncIterator[Redis]:
    """A client of a server that gives each command the same reply."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    # Without what the library would send by itself, each with a reply of its own.
    async with server, Redis(port=port, protocol=2, driver_info=None) as client:
        yield client


def hello(version: str) -> bytes:
    return f"*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n${len(version)}\r\n{version}\r\n".encode()


@pytest.mark.parametrize("version", ["7.0.0", "7.2.4", "8.0.1", "10.1"])
async def test_supported_redis_is_accepted(version: str) -> None:
    async with answering(hello(version)) as client:
        await check_version(client)


@pytest.mark.parametrize("version", ["6.2.14", "6.0.0"])
async def test_old_redis_is_refused(version: str) -> None:
    async with answering(hello(version)) as client:
        with pytest.raises(UnsupportedRedisError, match=f"Redis {version} is older than 7"):
            await check_version(client)


async def test_redis_without_hello_is_refused() -> None:
    async with answering(b"-ERR unknown command 'HELLO'\r\n") as client:
        with pytest.raises(UnsupportedRedisError, match=r"older than 6 is older than 7\.0"):
            await check_version(client)


async def test_servers_of_the_local_stack_are_supported(
    redis_server: RunningRedis, postgres_server: RunningPostgres
) -> None:
    async with Redis.from_url(redis_server.url) as client:
        await check_version(client)
    limits = PoolLimits(min_size=0, max_size=1, wait_s=5, connect_timeout_s=5, statement_timeout_ms=5000)
    async with open_pool(postgres_server.create_database("version"), limits, application_name="tests") as pool:
        await ping(pool)


def test_old_postgres_is_refused() -> None:
    require_supported(150000)
    require_supported(180006)
    with pytest.raises(UnsupportedPostgresError, match="PostgreSQL 14 is older than 15, the oldest"):
        require_supported(140011)
