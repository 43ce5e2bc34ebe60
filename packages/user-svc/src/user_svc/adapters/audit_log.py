"""The audit log in PostgreSQL, and the trail that feeds it with what happens elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg
from loguru import logger
from psycopg.types.json import Json
from service_kit.postgres import PostgresPool
from service_kit.telemetry.metrics import from_zero, meter

from user_svc.adapters.statements import Cursor, in_transaction
from user_svc.domain.audit import AuditEvent
from user_svc.domain.errors import DependencyUnavailableError

INSERT: LiteralString = """
    INSERT INTO audit_log (at, event, actor, subject, ip, request_id, detail) VALUES (%s, %s, %s, %s, %s, %s, %s)"""
#: The same, if the user still is and has the same password version; one statement, so one round trip.
INSERT_IF_LOGIN_STANDS: LiteralString = """
    INSERT INTO audit_log (at, event, actor, subject, ip, request_id, detail)
    SELECT %s::timestamptz, %s, %s::uuid, %s::uuid, %s, %s, %s::jsonb
    FROM users WHERE user_id = %s AND password_version = %s
    RETURNING 1"""

#: How many events may wait while PostgreSQL is away (about 5 MB of them), and how many go into one transaction.
_MAX_WAITING = 10_000
_BATCH = 200
_RETRY_S = 1.0
_FLUSH_AT_CLOSE_S = 2.0


def event_row(event: AuditEvent) -> tuple[Any, ...]:
    """The event as INSERT's arguments."""
    origin = event.origin
    row = (event.at, event.kind, event.actor, event.subject, origin.address, origin.request_id)
    return (*row, Json(dict(event.detail)))


class PostgresAuditTrail:
    """Writes events in the background, in batches, so that no renewal waits for a disk.

    While PostgreSQL is away, events wait; those that find no room any more are dropped, which is logged and counted.
    """

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._waiting: asyncio.Queue[AuditEvent] = asyncio.Queue(_MAX_WAITING)
        self._dropping = False
        self._dropped = meter("user_svc.audit").create_counter(
            "user_svc.audit.dropped", unit="{event}", description="Audit events lost because too many were waiting"
        )
        from_zero(self._dropped)

    def note(self, event: AuditEvent) -> None:
        try:
            self._waiting.put_nowait(event)
            dropping = False
        except asyncio.QueueFull:
            self._dropped.add(1)
            dropping = True
        if dropping != self._dropping:
            self._dropping = dropping
            logger.log("ERROR" if dropping else "INFO", f"audit events are {'lost' if dropping else 'kept again'}")

    async def write_forever(self) -> None:
        """Writes events as they come, until it is cancelled."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < _BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._write(batch)
            for _ in batch:
                self._waiting.task_done()

    @asynccontextmanager
    async def flushed(self) -> AsyncIterator[None]:
        """Has what is still waiting written, within bounds, when the context is left."""
        try:
            yield
        finally:
            try:
                async with asyncio.timeout(_FLUSH_AT_CLOSE_S):
                    await self._waiting.join()
            except TimeoutError:
                logger.error("audit events are lost: postgres is away at the end of the process")

    async def _write(self, batch: list[AuditEvent]) -> None:
        rows = [event_row(event) for event in batch]

        async def work(c: Cursor) -> None:
            await c.executemany(INSERT, rows)

        failed = False
        while True:
            try:
                await in_transaction(self._pool, work)
            except DependencyUnavailableError as exc:
                if not failed:
                    logger.warning(f"audit events have to wait: {exc}")
                failed = True
                await asyncio.sleep(_RETRY_S)
            except psycopg.Error:
                self._dropped.add(len(batch))
                logger.exception("audit events are lost: postgres does not take them")
                return
            else:
                return
