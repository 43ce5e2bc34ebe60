"""The outbox: a table in PostgreSQL, in which each event gets its place in the stream."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from service_kit.events import Envelope
from service_kit.postgres import PostgresPool

from user_svc.adapters.statements import Cursor, fetch_all, fetch_one, in_transaction

INSERT: LiteralString = """
    INSERT INTO outbox (at, event_id, type, payload, request_id, traceparent) VALUES (%s, %s, %s, %s, %s, %s)"""
_WAITING: LiteralString = "SELECT count(*), min(at) FROM outbox WHERE position IS NULL OR position > %s"
#: Held while places are given, and taken in a statement of its own: what follows it sees what the last holder did.
_LOCK: LiteralString = "SELECT pg_advisory_xact_lock(hashtext('outbox'))"
_PLACE: LiteralString = """
    UPDATE outbox SET position = last.position + unplaced.number
    FROM (SELECT GREATEST(%s, max(position)) AS position FROM outbox) AS last,
         (SELECT outbox_id, row_number() OVER (ORDER BY outbox_id) AS number FROM outbox WHERE position IS NULL)
           AS unplaced
    WHERE outbox.outbox_id = unplaced.outbox_id"""
_BEHIND: LiteralString = """
    SELECT position, event_id::text, type, payload, request_id, traceparent FROM outbox
    WHERE position > %(head)s ORDER BY position LIMIT %(limit)s"""
_WITH_ID: LiteralString = """
    SELECT event_id::text, type, payload, request_id, traceparent FROM outbox WHERE event_id = %s"""
_LAST_BEFORE: LiteralString = "SELECT COALESCE(max(position), 0) FROM outbox WHERE at < %s"
_FORGET: LiteralString = "DELETE FROM outbox WHERE position <= %s"


@dataclass(frozen=True, slots=True)
class Placed:
    """An event and its place in the stream, from 1 on."""

    position: int
    event: Envelope


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many events the stream does not have yet, and when the oldest of them happened; None: there is none."""

    count: int
    since: datetime | None


class PostgresOutbox:
    """The table. Every method may raise DependencyUnavailableError."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def waiting(self, head: int) -> Waiting:
        """What a stream that ends with position ``head`` lacks."""
        row = await fetch_one(self._pool, _WAITING, (head,))
        return Waiting(*row) if row else Waiting(0, None)

    async def place(self, head: int) -> None:
        """Give every event that has none its place: behind all others, and behind ``head``.

        A table that was restored from a backup may know less than the stream has.
        """

        async def work(c: Cursor) -> None:
            await c.execute(_LOCK)
            await c.execute(_PLACE, (head,))

        await in_transaction(self._pool, work)

    async def behind(self, head: int, limit: int) -> list[Placed]:
        """At most ``limit`` events that come behind position ``head``, without a gap."""
        rows = await fetch_all(self._pool, _BEHIND, {"head": head, "limit": limit})
        return [Placed(position, Envelope(*event)) for position, *event in rows]

    async def with_id(self, event_id: str) -> Envelope | None:
        """The event with this id; None: there is none, or it has been forgotten."""
        row = await fetch_one(self._pool, _WITH_ID, (event_id,))
        return Envelope(*row) if row else None

    async def last_before(self, at: datetime) -> int:
        """The last position of an event that happened before a time; 0 without one."""
        row = await fetch_one(self._pool, _LAST_BEFORE, (at,))
        return int(row[0]) if row else 0

    async def forget(self, until: int) -> None:
        """Delete what stands at ``until`` or before."""

        async def work(c: Cursor) -> None:
            await c.execute(_FORGET, (until,))

        await in_transaction(self._pool, work)
