"""Relays events from the outbox to the stream."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from user_svc.adapters.outbox.stream import EventStream
from user_svc.adapters.outbox.table import PositionedEvent, Unrelayed
from user_svc.adapters.outbox.telemetry import OutboxTelemetry

#: Events in one append: Redis does nothing else meanwhile, for less than a millisecond.
_BATCH = 100


class Outbox(Protocol):
    """The table; see PostgresOutbox."""

    async def unrelayed(self, head: int) -> Unrelayed: ...

    async def assign_positions(self, head: int) -> None: ...

    async def behind(self, head: int, limit: int) -> list[PositionedEvent]: ...

    async def last_position_before(self, at: datetime) -> int: ...

    async def delete_through(self, position: int) -> None: ...


class Relay:
    """Makes the stream a copy of the outbox.

    Each step reads the stream's head and appends the events behind it, if the head is still the same. So a step may be
    interrupted at any point, several replicas may relay at the same time, and the stream may have lost its end or all
    of its entries: the missing ones are appended, once, in the order of the table.

    retention: the least time for which events are kept, in the table and in the stream, to repair such a loss.
    """

    def __init__(self, outbox: Outbox, telemetry: OutboxTelemetry, retention: timedelta) -> None:
        self._outbox = outbox
        self._telemetry = telemetry
        self._retention = retention
        self._head = 0

    async def step(self, stream: EventStream) -> bool:
        """Relays a batch. False: there was nothing to relay."""
        self._update_head(await stream.head())
        if not await self.count_unrelayed():
            return False
        await self._outbox.assign_positions(self._head)
        events = await self._outbox.behind(self._head, _BATCH)
        head = await stream.append(self._head, events)
        if events and head == events[-1].position:
            self._telemetry.relayed(len(events))
        self._update_head(head)
        return True

    async def count_unrelayed(self) -> int:
        """Returns how many events the stream lacks, by its last known head, and reports it to the telemetry."""
        unrelayed = await self._outbox.unrelayed(self._head)
        self._telemetry.unrelayed(unrelayed)
        return unrelayed.count

    async def delete_expired(self, stream: EventStream) -> None:
        """Deletes events past the retention that every group has read: first from the stream, which is the copy."""
        expired = await self._outbox.last_position_before(datetime.now(UTC) - self._retention)
        if expired and (trimmed := await stream.trim(expired)):
            await self._outbox.delete_through(trimmed)

    def _update_head(self, head: int) -> None:
        if head < self._head:
            self._telemetry.lost(head, self._head)
        self._head = head
