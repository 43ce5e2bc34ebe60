"""The record of ended sessions in PostgreSQL, which outlasts whatever becomes of Redis."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import LiteralString

from loguru import logger
from service_kit.postgres import PostgresPool

from user_svc.adapters.statements import Cursor, fetch_all, fetch_one, in_transaction
from user_svc.domain.errors import DependencyUnavailableError
from user_svc.domain.session_ends import Ended, EndedPage

_ADD: LiteralString = "INSERT INTO ended_sessions (session_id) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"
#: What commits late is listed all the same: a statement takes 2 s at most unless settings say otherwise.
_OVERLAP: LiteralString = "interval '10 s'"
_LISTED: LiteralString = f"""
    SELECT session_id, ended_at, extract(epoch FROM statement_timestamp() - ended_at)::float8,
        statement_timestamp() - {_OVERLAP}
    FROM ended_sessions
    WHERE ended_at >= GREATEST(%(since)s::timestamptz, statement_timestamp() - %(live)s::interval)
    ORDER BY ended_at LIMIT %(limit)s"""  # noqa: S608 - constants
_NOW: LiteralString = f"SELECT statement_timestamp() - {_OVERLAP}"
#: In one answer: some 200 kB.
_PAGE = 4000
_FORGET: LiteralString = "DELETE FROM ended_sessions WHERE ended_at < clock_timestamp() - %s"
_FORGET_EVERY_S = 3600.0


class PostgresSessionEnds:
    """The port SessionEnds.

    kept_s: how long an end is on record: the longest life of a session key. tokens_live_s: how long after the end of
    its session an access token may still be accepted (both in seconds).
    """

    def __init__(self, pool: PostgresPool, kept_s: float, tokens_live_s: float) -> None:
        self._pool = pool
        self._kept = timedelta(seconds=kept_s)
        self.tokens_live_s = tokens_live_s

    async def add(self, session_ids: Sequence[str]) -> None:
        async def work(c: Cursor) -> None:
            await c.execute(_ADD, (list(session_ids),))

        await in_transaction(self._pool, work)

    async def page(self, since: datetime | None) -> EndedPage:
        """The sessions that were ended at ``since`` or later and of which tokens may live.

        DependencyUnavailableError.
        """
        arguments = {"since": since, "live": timedelta(seconds=self.tokens_live_s), "limit": _PAGE}
        rows = await fetch_all(self._pool, _LISTED, arguments)
        ended = [Ended(session_id, age_s) for session_id, _, age_s, _ in rows]
        if len(rows) == _PAGE:
            return EndedPage(ended, rows[-1][1] + timedelta(microseconds=1), more=True)
        now = await fetch_one(self._pool, _NOW, ()) if not rows else rows[-1][3:]
        if now is None:
            raise LookupError("a SELECT without FROM has one row")
        return EndedPage(ended, now[0], more=False)

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
