"""The audit log in PostgreSQL: complete, and append-only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from loguru import logger
from service_kit.postgres import PostgresPool
from user_svc.adapters import audit_trail as adapter
from user_svc.adapters.audit_trail import PostgresAuditTrail
from user_svc.domain.audit import AuditKind

from tests.examples.users import ORIGIN, a_user, an_event
from tests.running.servers import RunningPostgres, as_owner, free_port
from tests.running.user_database import ONE_CONNECTION, audit_log, migrated_database, user_pool


@pytest.fixture(scope="module")
async def pool(postgres_server: RunningPostgres) -> AsyncIterator[PostgresPool]:
    async with user_pool(migrated_database(postgres_server)) as pool:
        yield pool


@asynccontextmanager
async def written(trail: PostgresAuditTrail) -> AsyncIterator[None]:
    writer = asyncio.create_task(trail.write_forever())
    try:
        async with trail.flushed():
            yield
    finally:
        writer.cancel()


@asynccontextmanager
async def logged() -> AsyncIterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), format="{level} {message}")
    try:
        yield lines
    finally:
        logger.remove(sink)


async def test_noted_event_is_written_with_every_field(pool: PostgresPool) -> None:
    user = a_user()
    trail = PostgresAuditTrail(pool)
    noted = [an_event(kind, user, session_id="S" * 22, cause="ünïcode") for kind in AuditKind]
    async with written(trail):
        for event in noted:
            trail.note(event)
    kept = await audit_log(pool, user.user_id)
    assert [event.kind for event in kept] == list(AuditKind)
    assert kept[0].detail == {"session_id": "S" * 22, "cause": "ünïcode"}
    assert (kept[0].at, kept[0].actor) == (noted[0].at, user.user_id)
    assert (kept[0].origin.address, kept[0].origin.request_id) == (ORIGIN.address, ORIGIN.request_id)


async def test_thousands_of_events_are_written_in_order(pool: PostgresPool) -> None:
    user = a_user()
    trail = PostgresAuditTrail(pool)
    async with written(trail):
        for number in range(2000):
            trail.note(an_event(AuditKind.SESSION_RENEWED, user, number=str(number)))
    kept = await audit_log(pool, user.user_id)
    assert [event.detail["number"] for event in kept] == [str(number) for number in range(2000)]


@pytest.mark.parametrize("statement", ["DELETE FROM audit_log", "UPDATE audit_log SET ip = ''", "TRUNCATE audit_log"])
async def test_log_is_append_only(pool: PostgresPool, statement: str) -> None:
    async with pool.connection() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(statement.encode())
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        as_owner(pool, statement)


async def test_events_wait_and_are_dropped_with_an_error_while_postgres_is_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter, "_MAX_WAITING", 3)
    monkeypatch.setattr(adapter, "_FLUSH_AT_CLOSE_S", 0.05)
    async with logged() as lines, user_pool(f"postgresql://x@127.0.0.1:{free_port()}/x", ONE_CONNECTION) as nowhere:
        trail = PostgresAuditTrail(nowhere)
        async with written(trail):
            for _ in range(5):
                trail.note(an_event(AuditKind.LOGIN_FAILED, a_user()))
    assert [line for line in lines if "audit events dropped" in line and line.startswith("ERROR")]


async def test_waiting_events_are_written_when_postgres_is_back(
    pool: PostgresPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "_RETRY_S", 0.01)
    user = a_user()
    async with logged() as lines, user_pool(str(pool.conninfo), ONE_CONNECTION) as busy:
        busy.timeout = 0.05
        trail = PostgresAuditTrail(busy)
        async with written(trail), busy.connection(timeout=5):
            trail.note(an_event(AuditKind.LOGIN_FAILED, user))
            await asyncio.sleep(0.3)
            assert await audit_log(pool, user.user_id) == []
    assert [event.kind for event in await audit_log(pool, user.user_id)] == [AuditKind.LOGIN_FAILED]
    assert len([line for line in lines if "audit events delayed" in line]) == 1
