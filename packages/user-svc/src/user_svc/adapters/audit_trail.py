"""Writes to the audit log in PostgreSQL: with a change of an account, or in the background."""

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
#: The same, if the user exists and has this password version; one statement, so one round trip.
INSERT_IF_ACCOUNT_UNCHANGED: LiteralString = """
    INSERT INTO audit_log (at, event, actor, subject, ip, request_id, detail)
    SELECT %s::timestamptz, %s, %s::uuid, %s::uuid, %s, %s, %s::jsonb
    FROM users WHERE user_id = %s AND password_version = %s
    RETURNING 1"""

#: How many events may wait while PostgreSQL is unavailable (about 5 MB).
_MAX_WAITING = 10_000
#: How many events are written in one transaction.
_BATCH = 200
_RETRY_S = 1.0
_FLUSH_AT_CLOSE_S = 2.0


def event_row(event: AuditEvent) -> tuple[Any, ...]:
    """Returns the parameters of INSERT."""
    origin = event.origin
    row = (event.at, event.kind, event.actor, event.subject, origin.address, origin.request_id)
    return (*row, Json(dict(event.detail)))


class PostgresAuditTrail:
    """The port AuditTrail. Writes in the background, in batches, so that no renewal waits for a disk.

    While PostgreSQL is unavailable, events wait in a bounded queue. Further events are dropped, logged and counted.
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
            if dropping:
                logger.error("audit events dropped: the queue is full")
            else:
                logger.info("audit events accepted again")

    async def write_forever(self) -> None:
        """Writes events as they are noted, until cancelled."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < _BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._write(batch)
            for _ in batch:
                self._waiting.task_done()

    @asynccontextmanager
    async def flushed(self) -> AsyncIterator[None]:
        """Waits for the queue to be written when the context ends, at most _FLUSH_AT_CLOSE_S seconds."""
        try:
            yield
        finally:
            try:
                async with asyncio.timeout(_FLUSH_AT_CLOSE_S):
                    await self._waiting.join()
            except TimeoutError:
                logger.error("audit events lost: postgres unavailable at shutdown")

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
                    logger.bind(cause=str(exc)).warning("audit events delayed")
                failed = True
                await asyncio.sleep(_RETRY_S)
            except psycopg.Error:
                self._dropped.add(len(batch))
                logger.exception("audit events lost: postgres refused them")
                return
            else:
                return
