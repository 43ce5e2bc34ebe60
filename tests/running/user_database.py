"""Real stores of user-svc for tests, with its migrations, pool and client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from service_kit.events import Envelope
from service_kit.postgres import PoolLimits, PostgresPool, open_pool
from service_kit.postgres.migrations import migrate
from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind

from tests.running.servers import RunningPostgres, as_owner

#: The service's settings, except for the number of connections.
LIMITS = PoolLimits(min_size=2, max_size=8, wait_s=1.0, connect_timeout_s=2, statement_timeout_ms=2000)
ONE_CONNECTION = replace(LIMITS, min_size=1, max_size=1)


def migrated_database(server: RunningPostgres) -> str:
    """Returns the URL of a new database with the service's schema, for the service's role."""
    owner_url = server.create_database("users")
    service_url = server.create_service_role(owner_url)
    assert migrate(owner_url, "user_svc", service_url) == 0
    return service_url


def owned_database(server: RunningPostgres) -> str:
    """Returns the same for the role that owns the tables, for tests that change the schema."""
    url = server.create_database("users")
    assert migrate(url, "user_svc") == 0
    return url


@asynccontextmanager
async def user_pool(url: str, limits: PoolLimits = LIMITS) -> AsyncIterator[PostgresPool]:
    """Yields the service's pool on that database."""
    async with open_pool(url, limits, application_name="tests") as pool:
        yield pool


async def audit_log(pool: PostgresPool, subject: str | None) -> list[AuditEvent]:
    """Returns the audit events of a user, oldest first."""
    query = """
        SELECT event, actor::text, subject::text, ip, request_id, detail, at
        FROM audit_log WHERE subject IS NOT DISTINCT FROM %s ORDER BY audit_id"""
    async with pool.connection() as connection:
        rows: list[Any] = await (await connection.execute(query, (subject,))).fetchall()
    return [
        AuditEvent(AuditKind(event), actor, subject, Origin(ip, "", request_id), detail, at)
        for event, actor, subject, ip, request_id, detail, at in rows
    ]


async def empty_audit_log(pool: PostgresPool) -> None:
    """Deletes the audit log, which only the owner of the test database may do."""
    tables = "SELECT relid::text FROM pg_partition_tree('audit_log')"
    async with pool.connection() as connection:
        names = [str(name) for (name,) in await (await connection.execute(tables)).fetchall()]
    off, on = ([f"ALTER TABLE ONLY {name} {change} TRIGGER USER" for name in names] for change in ("DISABLE", "ENABLE"))
    as_owner(pool, *off, "TRUNCATE audit_log RESTART IDENTITY", *on)


async def outbox(pool: PostgresPool) -> list[Envelope]:
    """Returns the events in the outbox, oldest first."""
    query = "SELECT event_id::text, type, payload, request_id, traceparent FROM outbox ORDER BY outbox_id"
    async with pool.connection() as connection:
        rows = await (await connection.execute(query)).fetchall()
    return [Envelope(*row) for row in rows]
