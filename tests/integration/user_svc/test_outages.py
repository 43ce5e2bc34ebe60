"""The stores while their servers are away: told as such, soon, and healed without a restart."""

import asyncio
import secrets
import signal
import time
from pathlib import Path

import pytest
from local_stack.servers.postgres import PostgresServer
from local_stack.servers.redis import RedisServer
from user_svc.adapters.ids import new_id
from user_svc.adapters.postgres import Pool, check_postgres, fetch_one, postgres_pool
from user_svc.adapters.redis_client import check_redis, redis_client
from user_svc.adapters.sessions import RedisSessions
from user_svc.adapters.users import PostgresUsers
from user_svc.domain.errors import DependencyUnavailableError
from user_svc.domain.session import SessionTerms
from user_svc.domain.session_key import SessionKey

from tests.running_servers import RunningPostgres, free_port, stop
from tests.user_examples import a_session

TERMS = SessionTerms(idle_ttl_s=60, absolute_ttl_s=60, grace_s=10)
ENVIRON = {"LC_ALL": "C"}


async def test_no_redis_is_told_soon() -> None:
    async with redis_client(f"redis://127.0.0.1:{free_port()}/0") as client:
        started = time.perf_counter()
        with pytest.raises(DependencyUnavailableError, match="redis is unavailable") as told:
            await RedisSessions(client, TERMS).renew(SessionKey("A" * 22, 1))
        assert told.value.retry_after_s == 1
        assert time.perf_counter() - started < 2


async def test_a_redis_that_does_not_answer_is_told_soon() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, redis_client(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0") as client:
        started = time.perf_counter()
        with pytest.raises(DependencyUnavailableError):
            await RedisSessions(client, TERMS).lives("A" * 22, "user")
        assert time.perf_counter() - started < 2


async def test_sessions_survive_a_restart_of_redis(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, free_port(), secrets.token_hex(8), tmp_path / "log", ENVIRON)
    process = await server.start()
    try:
        async with redis_client(server.url) as client:
            sessions = RedisSessions(client, TERMS)
            held = await sessions.open(a_session(new_id()))
            stop(process, signal.SIGKILL)
            with pytest.raises(DependencyUnavailableError):
                await check_redis(client)
            process = await server.start()
            assert (await sessions.renew(SessionKey(held.session_id, 1))).counter == 2
    finally:
        stop(process, signal.SIGTERM)


async def test_no_postgres_is_told_soon() -> None:
    async with postgres_pool(f"postgresql://x@127.0.0.1:{free_port()}/x", 2) as pool:
        started = time.perf_counter()
        with pytest.raises(DependencyUnavailableError, match="postgres is unavailable"):
            await PostgresUsers(pool).with_email("a@example.com")
        assert time.perf_counter() - started < 2


async def test_a_restart_of_postgres_heals(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path, free_port(), secrets.token_hex(8), tmp_path / "log", ENVIRON)
    process = await server.start()
    try:
        async with postgres_pool(server.url, 2) as pool:
            await check_postgres(pool)
            stop(process, signal.SIGINT)
            with pytest.raises(DependencyUnavailableError):
                await check_postgres(pool)
            await asyncio.sleep(3)
            process = await server.start()
            assert await answers_within(pool, 5)
    finally:
        stop(process, signal.SIGINT)


async def answers_within(pool: Pool, seconds: float) -> bool:
    due = time.monotonic() + seconds
    for _ in iter(lambda: time.monotonic() < due, False):
        try:
            await check_postgres(pool)
        except DependencyUnavailableError:
            await asyncio.sleep(0.05)
        else:
            return True
    return False


async def test_a_slow_statement_is_cut_off(postgres_server: RunningPostgres) -> None:
    async with postgres_pool(postgres_server.create_database("users"), 1) as pool:
        with pytest.raises(DependencyUnavailableError):
            await fetch_one(pool, "SELECT pg_sleep(10)", ())
        await check_postgres(pool)


async def test_the_wait_for_a_connection_is_bounded(postgres_server: RunningPostgres) -> None:
    async with postgres_pool(postgres_server.create_database("users"), 1) as pool, pool.connection():
        started = time.perf_counter()
        with pytest.raises(DependencyUnavailableError):
            await check_postgres(pool)
        assert time.perf_counter() - started < 2
