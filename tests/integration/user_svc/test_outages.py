"""The stores while their servers are down: reported soon, and recovered without a restart."""

import asyncio
import secrets
import signal
import time
from pathlib import Path

import pytest
from local_stack.servers.postgres import PostgresServer
from local_stack.servers.redis import RedisServer
from service_kit.postgres import PostgresPool
from user_svc.adapters import redis_client
from user_svc.adapters.ids import new_id
from user_svc.adapters.redis_client import open_client
from user_svc.adapters.sessions import RedisSessions
from user_svc.adapters.statements import fetch_one
from user_svc.adapters.user_repository import PostgresUserRepository
from user_svc.domain.audit import AuditKind
from user_svc.domain.errors import DependencyUnavailableError
from user_svc.domain.session import SessionPolicy, SessionUse
from user_svc.domain.session_key import SessionKey

from tests.examples.users import a_session, a_user, an_event
from tests.fakes.sessions import InMemoryEndedSessions
from tests.running.full_disk import full_disk
from tests.running.servers import RunningPostgres, free_port, stop
from tests.running.user_database import ONE_CONNECTION, migrated_database, user_pool

USE = SessionUse(None, "192.0.2.7", "Lynx/2.9")
KEY = SessionKey("A" * 22, 1, new_id(), 1, 0, 2**50)
TERMS = SessionPolicy(idle_ttl_s=60, absolute_ttl_s=60, grace_s=10)
ENVIRON = {"LC_ALL": "C"}


async def test_missing_redis_is_reported_soon() -> None:
    async with open_client(f"redis://127.0.0.1:{free_port()}/0") as client:
        started = time.perf_counter()
        with pytest.raises(DependencyUnavailableError, match="redis is unavailable") as error:
            await RedisSessions(client, InMemoryEndedSessions(), TERMS, tokens_live_s=60).renew(KEY, USE)
        assert error.value.retry_after_s == 1
        assert time.perf_counter() - started < 2


async def test_redis_that_does_not_answer_is_reported_soon() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, open_client(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0") as client:
        started = time.perf_counter()
        with pytest.raises(DependencyUnavailableError):
            await RedisSessions(client, InMemoryEndedSessions(), TERMS, tokens_live_s=60).is_live("A" * 22, "user")
        assert time.perf_counter() - started < 2


async def test_sessions_survive_a_restart_of_redis(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, free_port(), secrets.token_hex(8), tmp_path / "log", ENVIRON)
    process = await server.start()
    try:
        async with open_client(server.url) as client:
            sessions = RedisSessions(client, InMemoryEndedSessions(), TERMS, tokens_live_s=60)
            held = await sessions.open(a_session(new_id()))
            stop(process, signal.SIGKILL)
            with pytest.raises(DependencyUnavailableError):
                await redis_client.ping(client)
            process = await server.start()
            assert (await sessions.renew(held.key, USE)).key.counter == 2
    finally:
        stop(process, signal.SIGTERM)


async def test_missing_postgres_is_reported_soon() -> None:
    async with user_pool(f"postgresql://x@127.0.0.1:{free_port()}/x") as pool:
        started = time.perf_counter()
        with pytest.raises(DependencyUnavailableError, match="postgres is unavailable"):
            await PostgresUserRepository(pool).get_by_email("a@example.com")
        assert time.perf_counter() - started < 2


async def test_pool_recovers_after_a_restart_of_postgres(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path, free_port(), secrets.token_hex(8), tmp_path / "log", ENVIRON)
    process = await server.start()
    try:
        async with user_pool(server.url) as pool:
            await fetch_one(pool, "SELECT 1", ())
            stop(process, signal.SIGINT)
            with pytest.raises(DependencyUnavailableError):
                await fetch_one(pool, "SELECT 1", ())
            await asyncio.sleep(3)
            process = await server.start()
            assert await answers_within(pool, 5)
    finally:
        stop(process, signal.SIGINT)


async def answers_within(pool: PostgresPool, seconds: float) -> bool:
    due = time.monotonic() + seconds
    for _ in iter(lambda: time.monotonic() < due, False):
        try:
            await fetch_one(pool, "SELECT 1", ())
        except DependencyUnavailableError:
            await asyncio.sleep(0.05)
        else:
            return True
    return False


async def test_slow_statement_is_cancelled(postgres_server: RunningPostgres) -> None:
    async with user_pool(postgres_server.create_database("users"), ONE_CONNECTION) as pool:
        with pytest.raises(DependencyUnavailableError):
            await fetch_one(pool, "SELECT pg_sleep(10)", ())
        await fetch_one(pool, "SELECT 1", ())


async def test_wait_for_a_connection_is_bounded(postgres_server: RunningPostgres) -> None:
    async with user_pool(postgres_server.create_database("users"), ONE_CONNECTION) as pool, pool.connection():
        started = time.perf_counter()
        with pytest.raises(DependencyUnavailableError):
            await fetch_one(pool, "SELECT 1", ())
        assert time.perf_counter() - started < 2


@pytest.mark.parametrize("table", ["users", "audit_log"])
async def test_full_disk_is_an_outage_that_writes_nothing(postgres_server: RunningPostgres, table: str) -> None:
    user = a_user()
    event = an_event(AuditKind.REGISTERED, user)
    async with user_pool(migrated_database(postgres_server)) as pool:
        users = PostgresUserRepository(pool)
        with full_disk(pool, table), pytest.raises(DependencyUnavailableError) as refused:
            await users.add(user, event)
        assert refused.value.retry_after_s == 1
        assert await users.get_by_email(user.email) is None
        await users.add(user, event)
        assert await users.get_by_email(user.email) == user
