"""The table of the outbox, in PostgreSQL, which also assigns each event its position in the stream."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from service_kit.events import Envelope
from service_kit.postgres import PostgresPool

from user_svc.adapters.statements import Cursor, fetch_all, fetch_one, in_transaction

INSERT: LiteralString = """
    INSERT INTO outbox (at, event_id, type, payload, request_id, traceparent) VALUES (%s, %s, %s, %s, %s, %s)"""
_UNRELAYED: LiteralString = "SELECT count(*), min(at) FROM outbox WHERE position IS NULL OR position > %s"
#: Held while positions are assigned. In a statement of its own: the statements after it see what the former holder of
#: the lock has committed.
_LOCK: LiteralString = "SELECT pg_advisory_xact_lock(hashtext('outbox'))"
_ASSIGN: LiteralString = """
    UPDATE outbox SET position = last.position + unplaced.number
    FROM (SELECT GREATEST(%s, max(position)) AS position FROM outbox) AS last,
         (SELECT outbox_id, row_number() OVER (ORDER BY outbox_id) AS number FROM outbox WHERE position IS NULL)
           AS unplaced
    WHERE outbox.outbox_id = unplaced.outbox_id"""
_BEHIND: LiteralString = """
    SELECT position, event_id::text, type, payload, request_id, traceparent FROM outbox
    WHERE position > %(head)s ORDER BY position LIMIT %(limit)s"""
_GET: LiteralString = """
    SELECT event_id::text, type, payload, request_id, traceparent FROM outbox WHERE event_id = %s"""
_LAST_POSITION_BEFORE: LiteralString = "SELECT COALESCE(max(position), 0) FROM outbox WHERE at < %s"
_DELETE_THROUGH: LiteralString = "DELETE FROM outbox WHERE position <= %s"


@dataclass(frozen=True, slots=True)
class PositionedEvent:
    """An event and its position in the stream, from 1 on."""

    position: int
    event: Envelope


@dataclass(frozen=True, slots=True)
class Unrelayed:
    """How many events the stream lacks, and when the oldest of them happened; None without one."""

    count: int
    oldest_at: datetime | None


class PostgresOutbox:
    """The table. Every method may raise DependencyUnavailableError."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def unrelayed(self, head: int) -> Unrelayed:
        """Counts the events that a stream with this head lacks."""
        row = await fetch_one(self._pool, _UNRELAYED, (head,))
        return Unrelayed(*row) if row else Unrelayed(0, None)

    async def assign_positions(self, head: int) -> None:
        """Assigns every event without a position the next ones, behind all others and behind ``head``.

        The head counts, too, since a table that was restored from a backup may lack events that the stream has.
        """

        async def work(c: Cursor) -> None:
            await c.execute(_LOCK)
            await c.execute(_ASSIGN, (head,))

        await in_transaction(self._pool, work)

    async def behind(self, head: int, limit: int) -> list[PositionedEvent]:
        """Returns at most ``limit`` events behind position ``head``, without a gap."""
        rows = await fetch_all(self._pool, _BEHIND, {"head": head, "limit": limit})
        return [PositionedEvent(position, Envelope(*event)) for position, *event in rows]

    async def get(self, event_id: str) -> Envelope | None:
        """Returns the event with this id; None: there is none, or it was deleted after its retention."""
        row = await fetch_one(self._pool, _GET, (event_id,))
        return Envelope(*row) if row else None

    async def last_position_before(self, at: datetime) -> int:
        """Returns the last position of an event that happened before a time; 0 without one."""
        row = await fetch_one(self._pool, _LAST_POSITION_BEFORE, (at,))
        return int(row[0]) if row else 0

    async def delete_through(self, position: int) -> None:
        """Deletes the events up to a position."""

        async def work(c: Cursor) -> None:
            await c.execute(_DELETE_THROUGH, (position,))

        await in_transaction(self._pool, work)
