"""A stream of events in memory, from both its ends, kept by the same contract suites as the one in Redis."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from order_svc.inbox.group import Backlog, Entry
from redis.exceptions import ResponseError
from user_svc.adapters.outbox.table import PositionedEvent

Fields = dict[bytes, bytes]


@dataclass
class Held:
    """An entry in a consumer's hands, since a time (s)."""

    consumer: str
    since_s: float
    deliveries: int


@dataclass
class GroupState:
    last: int = 0
    held: dict[int, Held] = field(default_factory=dict)
    dead: dict[int, str] = field(default_factory=dict)


@dataclass
class StreamState:
    head: int = 0
    entries: dict[int, Fields] = field(default_factory=dict)
    groups: dict[str, GroupState] = field(default_factory=dict)


class InMemoryEventStream:
    """The port EventStream. state: what a Redis would keep. now_s: its clock."""

    def __init__(self) -> None:
        self.state = StreamState()
        self.now_s = 0.0

    async def head(self) -> int:
        return self.state.head

    async def append(self, head: int, events: Sequence[PositionedEvent]) -> int:
        if head == self.state.head:
            for each in events:
                assert each.position > self.state.head
                self.state.entries[each.position] = each.event.to_fields()
                self.state.head = each.position
        return self.state.head

    async def trim(self, until: int) -> int:
        groups = self.state.groups.values()
        until = min(
            [until, *(group.last for group in groups), *(p - 1 for g in groups for p in (*g.held, *g.dead))],
            default=0,
        )
        until = until if groups else 0
        for position in [p for p in self.state.entries if p <= until]:
            del self.state.entries[position]
        return until

    def snapshot(self) -> StreamState:
        """What a copy on disk would hold, for a loss of what comes after it."""
        return deepcopy(self.state)


class InMemoryConsumerGroup:
    """The port ConsumerGroup, of one consumer."""

    def __init__(self, stream: InMemoryEventStream, group: str, consumer: str, claim_idle_s: float) -> None:
        self._stream, self._group, self._consumer = stream, group, consumer
        self._claim_idle_s = claim_idle_s

    @property
    def _mine(self) -> GroupState:
        try:
            return self._stream.state.groups[self._group]
        except KeyError as exc:
            raise ResponseError("NOGROUP") from exc

    async def join(self) -> None:
        self._stream.state.groups.setdefault(self._group, GroupState())

    async def read(self) -> Entry | None:
        unread = [p for p in sorted(self._stream.state.entries) if p > self._mine.last]
        if not unread:
            return None
        self._mine.last = unread[0]
        return self._take(unread[0], deliveries=1)

    async def claim(self) -> Entry | None:
        for position, held in sorted(self._mine.held.items()):
            if self._stream.now_s - held.since_s >= self._claim_idle_s:
                return self._take(position, held.deliveries + 1)
        return None

    async def extend_claim(self, entry: Entry) -> None:
        held = self._mine.held.get(_position(entry))
        if held is not None:
            held.consumer, held.since_s = self._consumer, self._stream.now_s

    async def acknowledge(self, entry: Entry) -> None:
        if self._group in self._stream.state.groups:
            self._mine.held.pop(_position(entry), None)

    async def bury(self, entry: Entry, cause: str) -> bool:
        if self._group not in self._stream.state.groups or self._mine.held.pop(_position(entry), None) is None:
            return False
        self._mine.dead[_position(entry)] = cause
        return True

    async def backlog(self) -> Backlog:
        unread = sum(p > self._mine.last for p in self._stream.state.entries)
        return Backlog(unread, len(self._mine.held), len(self._mine.dead))

    async def remove_dead_consumers(self) -> None:
        """Consumers are not listed here."""

    async def leave(self) -> None:
        """Consumers are not listed here."""

    async def replay(self, position: int) -> bool:
        """What DeadLetters does."""
        if self._mine.dead.pop(position, None) is None:
            return False
        self._mine.held[position] = Held("replay", float("-inf"), 0)
        return True

    def _take(self, position: int, deliveries: int) -> Entry:
        self._mine.held[position] = Held(self._consumer, self._stream.now_s, deliveries)
        return Entry(f"{position}-0", self._stream.state.entries[position], deliveries)


def _position(entry: Entry) -> int:
    return int(entry.entry_id.partition("-")[0])
