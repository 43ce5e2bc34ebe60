"""The record of ended sessions in PostgreSQL, which outlasts whatever becomes of Redis."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import LiteralString

from loguru import logger
from service_kit.postgres import PostgresPool

from user_svc.adapters.statements import Cursor, in_transaction
from user_svc.domain.errors import DependencyUnavailableError

_ADD: LiteralString = "INSERT INTO ended_sessions (session_id) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"
_FORGET: LiteralString = "DELETE FROM ended_sessions WHERE ended_at < clock_timestamp() - %s"
_FORGET_EVERY_S = 3600.0


class PostgresSessionEnds:
    """The port SessionEnds. kept_s: how long an end is on record: the longest life of a session key (seconds)."""

    def __init__(self, pool: PostgresPool, kept_s: float) -> None:
        self._pool = pool
        self._kept = timedelta(seconds=kept_s)

    async def add(self, session_ids: Sequence[str]) -> None:
        async def work(c: Cursor) -> None:
            await c.execute(_ADD, (list(session_ids),))

        await in_transaction(self._pool, work)

    async def forget(self) -> None:
        """Deletes what is outdated. DependencyUnavailableError."""

        async def work(c: Cursor) -> None:
            await c.execute(_FORGET, (self._kept,))

        await in_transaction(self._pool, work)

    async def forget_forever(self) -> None:
        """Deletes what is outdated every hour, until it is cancelled."""
        while True:
            try:
                await self.forget()
            except DependencyUnavailableError as exc:
                logger.warning("outdated ends of sessions are deleted later: {}", exc)
            await asyncio.sleep(_FORGET_EVERY_S)
