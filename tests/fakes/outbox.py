"""The outbox in memory; the same contract suite tests it and the real one."""

from dataclasses import dataclass
from datetime import UTC, datetime

from service_kit.events import Envelope
from user_svc.adapters.outbox.table import PositionedEvent, Unrelayed


@dataclass
class Row:
    event: Envelope
    at: datetime
    position: int | None = None


class InMemoryOutbox:
    """rows: in the order in which they were written."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def write(self, event: Envelope, at: datetime | None = None) -> None:
        """Writes an event, as the transaction of a change does."""
        self.rows.append(Row(event, at or datetime.now(UTC)))

    async def unrelayed(self, head: int) -> Unrelayed:
        waiting = [row.at for row in self.rows if row.position is None or row.position > head]
        return Unrelayed(len(waiting), min(waiting, default=None))

    async def assign_positions(self, head: int) -> None:
        last = max([head, *(row.position or 0 for row in self.rows)])
        unplaced = [row for row in self.rows if row.position is None]
        for position, row in enumerate(unplaced, last + 1):
            row.position = position

    async def behind(self, head: int, limit: int) -> list[PositionedEvent]:
        placed = [PositionedEvent(row.position, row.event) for row in self.rows if row.position and row.position > head]
        return sorted(placed, key=lambda each: each.position)[:limit]

    async def last_position_before(self, at: datetime) -> int:
        return max((row.position or 0 for row in self.rows if row.at < at), default=0)

    async def delete_through(self, position: int) -> None:
        self.rows = [row for row in self.rows if row.position is None or row.position > position]
