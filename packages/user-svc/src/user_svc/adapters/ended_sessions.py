"""The record of ended sessions, in PostgreSQL: it outlasts a loss of Redis."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import LiteralString

from loguru import logger
from service_kit.postgres import PostgresPool

from user_svc.adapters.statements import Cursor, fetch_all, fetch_one, in_transaction
from user_svc.domain.errors import DependencyUnavailableError
from user_svc.domain.session import EndedSession, EndedSessionPage

_ADD: LiteralString = "INSERT INTO ended_sessions (session_id) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"
#: Each page begins this long before the end of the one before it, so that it has what was committed late: a statement
#: takes 2 s at most by default.
_OVERLAP: LiteralString = "interval '10 s'"
_PAGE: LiteralString = f"""
    SELECT session_id, ended_at, extract(epoch FROM statement_timestamp() - ended_at)::float8,
        statement_timestamp() - {_OVERLAP}
    FROM ended_sessions
    WHERE ended_at >= GREATEST(%(since)s::timestamptz, statement_timestamp() - %(live)s::interval)
    ORDER BY ended_at LIMIT %(limit)s"""  # noqa: S608 - constants
_NOW: LiteralString = f"SELECT statement_timestamp() - {_OVERLAP}"
#: Sessions in one response: about 200 kB.
_PAGE_SIZE = 4000
_DELETE_OLDER: LiteralString = "DELETE FROM ended_sessions WHERE ended_at < clock_timestamp() - %s"
_SWEEP_INTERVAL_S = 3600.0


class PostgresEndedSessions:
    """The port EndedSessions.

    retention_s: how long an entry is kept: the longest lifetime of a session key. tokens_live_s: how long after the end
    of its session an access token may still be accepted (both in seconds).
    """

    def __init__(self, pool: PostgresPool, retention_s: float, tokens_live_s: float) -> None:
        self._pool = pool
        self._retention = timedelta(seconds=retention_s)
        self.tokens_live_s = tokens_live_s

    async def add(self, session_ids: Sequence[str]) -> None:
        async def work(c: Cursor) -> None:
            await c.execute(_ADD, (list(session_ids),))

        await in_transaction(self._pool, work)

    async def page(self, since: datetime | None) -> EndedSessionPage:
        parameters = {"since": since, "live": timedelta(seconds=self.tokens_live_s), "limit": _PAGE_SIZE}
        rows = await fetch_all(self._pool, _PAGE, parameters)
        ended = [EndedSession(session_id, age_s) for session_id, _, age_s, _ in rows]
        if len(rows) == _PAGE_SIZE:
            return EndedSessionPage(ended, rows[-1][1] + timedelta(microseconds=1), more=True)
        now = await fetch_one(self._pool, _NOW, ()) if not rows else rows[-1][3:]
        if now is None:
            raise LookupError("a SELECT without FROM has one row")
        return EndedSessionPage(ended, now[0], more=False)

    async def delete_expired(self) -> None:
        """Deletes the entries past their retention.

        Raises:
            DependencyUnavailableError: PostgreSQL is unavailable.
        """

        async def work(c: Cursor) -> None:
            await c.execute(_DELETE_OLDER, (self._retention,))

        await in_transaction(self._pool, work)

    async def sweep_forever(self) -> None:
        """Deletes the entries past their retention every hour, until cancelled."""
        while True:
            try:
                await self.delete_expired()
            except DependencyUnavailableError as exc:
                logger.bind(cause=str(exc)).warning("expired ends of sessions not deleted this time")
            await asyncio.sleep(_SWEEP_INTERVAL_S)
