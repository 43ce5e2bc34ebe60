"""The user service's real stores for tests: its own migrations, its own pool and client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from user_svc.adapters.migrations import migrate
from user_svc.adapters.postgres import Pool, postgres_pool
from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind

from tests.running_servers import RunningPostgres


def migrated_database(server: RunningPostgres) -> str:
    """The URL of a database of its own, with the service's schema."""
    url = server.create_database("users")
    assert migrate(url) == 0
    return url


@asynccontextmanager
async def user_pool(url: str, max_size: int = 8) -> AsyncIterator[Pool]:
    """The service's own pool on that database."""
    async with postgres_pool(url, max_size) as pool:
        yield pool


async def audit_log(pool: Pool, subject: str | None) -> list[AuditEvent]:
    """What the audit log says of a user, oldest first."""
    query = """
        SELECT event, actor::text, subject::text, ip, request_id, detail, at
        FROM audit_log WHERE subject IS NOT DISTINCT FROM %s ORDER BY audit_id"""
    async with pool.connection() as connection:
        rows: list[Any] = await (await connection.execute(query, (subject,))).fetchall()
    return [
        AuditEvent(AuditKind(event), actor, whom, Origin(ip, "", request_id), detail, at)
        for event, actor, whom, ip, request_id, detail, at in rows
    ]
