"""Brings the events of the outbox to the stream."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from user_svc.adapters.outbox.stream import EventStream
from user_svc.adapters.outbox.table import Placed, Waiting
from user_svc.adapters.outbox.telemetry import OutboxTelemetry

#: Events in one append: Redis does nothing else meanwhile, for less than a millisecond.
_BATCH = 100


class Outbox(Protocol):
    """The table, as PostgresOutbox has it."""

    async def waiting(self, head: int) -> Waiting: ...

    async def place(self, head: int) -> None: ...

    async def behind(self, head: int, limit: int) -> list[Placed]: ...

    async def last_before(self, at: datetime) -> int: ...

    async def forget(self, until: int) -> None: ...


class Relay:
    """Makes the stream a copy of the outbox.

    Each step asks for the stream's head and appends what the table has behind it, if that is still the head. So it does
    not matter where a step was cut off, how many replicas relay at the same time, or whether the stream has lost its
    end or all of itself: what it lacks is appended, once, in the order of the table.

    retention: how long events are kept at least, in the table and in the stream, for the case of such a loss.
    """

    def __init__(self, outbox: Outbox, telemetry: OutboxTelemetry, retention: timedelta) -> None:
        self._outbox = outbox
        self._telemetry = telemetry
        self._retention = retention
        self._head = 0

    async def step(self, stream: EventStream) -> bool:
        """Relay a batch; False: there was nothing left to relay."""
        self._saw(await stream.head())
        if not await self.count_waiting():
            return False
        await self._outbox.place(self._head)
        events = await self._outbox.behind(self._head, _BATCH)
        head = await stream.append(self._head, events)
        if events and head == events[-1].position:
            self._telemetry.relayed(len(events))
        self._saw(head)
        return True

    async def count_waiting(self) -> int:
        """How many events the stream lacks, by what is known of it; the telemetry learns it too."""
        waiting = await self._outbox.waiting(self._head)
        self._telemetry.waiting(waiting)
        return waiting.count

    async def forget(self, stream: EventStream) -> None:
        """Drop what is older than the retention and was read by all. The stream comes first: it is the copy."""
        outdated = await self._outbox.last_before(datetime.now(UTC) - self._retention)
        if outdated and (dropped := await stream.trim(outdated)):
            await self._outbox.forget(dropped)

    def _saw(self, head: int) -> None:
        if head < self._head:
            self._telemetry.lost(head, self._head)
        self._head = head
