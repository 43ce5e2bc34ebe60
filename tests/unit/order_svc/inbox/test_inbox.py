"""The inbox on an in-memory consumer group."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace

import pytest
from order_svc.domain.errors import DependencyUnavailableError
from order_svc.inbox.group import Backlog
from order_svc.inbox.handler import UnreadableEventError
from order_svc.inbox.inbox import Inbox
from order_svc.inbox.telemetry import InboxTelemetry
from redis.exceptions import ConnectionError as RedisConnectionError
from service_kit.events import Envelope
from service_kit.lifecycle.backoff import Backoff
from service_kit.request.context import current_request
from user_svc.adapters.outbox.table import PositionedEvent

from tests.examples.user_events import an_event, user_deleted
from tests.fakes.event_stream import InMemoryConsumerGroup, InMemoryEventStream
from tests.fakes.processed_events import InMemoryEventIssuer, InMemoryProcessedEvents

DELETED = "user.v1.UserDeleted"
MAX_DELIVERIES = 3


@dataclass
class Desk:
    """An inbox with one handler. done: the events that it processed. trouble: exceptions that it raises, once each."""

    done: list[Envelope] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)
    processed: InMemoryProcessedEvents = field(default_factory=InMemoryProcessedEvents)
    issuer: InMemoryEventIssuer = field(default_factory=InMemoryEventIssuer)
    stream: InMemoryEventStream = field(default_factory=InMemoryEventStream)
    during: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        handlers = {DELETED: self.handle}
        terms = {"max_deliveries": MAX_DELIVERIES, "backoff": Backoff(0, 0)}
        self.inbox = Inbox(handlers, self.processed, self.issuer, InboxTelemetry(), **terms)  # type: ignore[arg-type]
        self.group = InMemoryConsumerGroup(self.stream, "g", "1", claim_idle_s=0)

    async def handle(self, event: Envelope) -> AsyncGenerator[int, None]:
        for part in range(2):
            yield part
            self.during()
        if self.trouble:
            raise self.trouble.pop()
        self.done.append(event)

    async def receive(self, event: Envelope) -> None:
        """Delivers the event for the first time."""
        await self.stream.append(self.stream.state.head, [PositionedEvent(self.stream.state.head + 1, event)])
        await self.group.join()
        entry = await self.group.read()
        assert entry is not None
        await self.inbox.process(self.group, entry)

    async def receive_again(self) -> bool:
        """Delivers a pending entry again; False: there is none."""
        entry = await self.group.claim()
        if entry is not None:
            await self.inbox.process(self.group, entry)
        return entry is not None


async def test_event_is_processed_once_and_acknowledged() -> None:
    desk, event = Desk(), user_deleted()
    await desk.receive(event)
    await desk.receive(event)
    assert desk.done == [event]
    assert desk.processed.ids == {event.event_id}
    assert await desk.group.backlog() == Backlog(0, 0, 0)


async def test_handler_runs_in_the_context_of_the_original_request() -> None:
    desk = Desk()
    seen = []
    desk.during = lambda: seen.append(current_request())
    await desk.receive(user_deleted(request_id="request-7"))
    assert seen[0] is not None
    assert (seen[0].request_id, seen[0].trace.trace_id) == ("request-7", "4bf92f3577b34da6a3ce929d0e0e4736")
    assert current_request() is None


@pytest.mark.parametrize("event", [an_event(), replace(user_deleted(), type="user.v2.UserDeleted")])
async def test_event_of_an_unknown_type_becomes_a_dead_letter_and_does_not_block_others(event: Envelope) -> None:
    desk, next_one = Desk(), user_deleted()
    await desk.receive(event)
    await desk.receive(next_one)
    assert desk.stream.state.groups["g"].dead == {1: f"unknown type: {event.type}"}
    assert desk.done == [next_one]


async def test_entry_that_is_no_event_becomes_a_dead_letter() -> None:
    desk = Desk()
    await desk.receive(user_deleted())
    for garbage in ({}, {b"type": b"\xff"}, user_deleted().to_fields() | {b"event_id": b"17"}):
        head = desk.stream.state.head + 1
        desk.stream.state.entries[head], desk.stream.state.head = garbage, head
        entry = await desk.group.read()
        assert entry is not None
        await desk.inbox.process(desk.group, entry)
    causes = desk.stream.state.groups["g"].dead.values()
    assert list(causes) == [
        "unreadable: the entry has no field event_id",
        "unreadable: the entry has no field event_id",
        "unreadable: the event's id is not a UUID",
    ]


async def test_event_that_the_handler_cannot_read_becomes_a_dead_letter() -> None:
    desk = Desk(trouble=[UnreadableEventError("user_id must be a UUID")])
    await desk.receive(user_deleted())
    assert desk.stream.state.groups["g"].dead == {1: "unreadable: user_id must be a UUID"}


async def test_event_that_its_issuer_does_not_confirm_is_not_processed() -> None:
    """Any client that may write to the stream can add such an entry."""
    desk, forged, next_one = Desk(), user_deleted(), user_deleted()
    desk.issuer.forged.add(forged.event_id)
    await desk.receive(forged)
    await desk.receive(next_one)
    assert desk.done == [next_one]
    assert desk.processed.ids == {next_one.event_id}
    assert desk.stream.state.groups["g"].dead == {1: "unreadable: its issuer has no such event on record"}


async def test_event_waits_while_the_issuer_is_unavailable() -> None:
    desk, event = Desk(), user_deleted()
    desk.issuer.trouble = [DependencyUnavailableError("away")] * 50
    await desk.receive(event)
    assert desk.done == [event]


async def test_event_waits_while_a_store_is_unavailable_and_no_delivery_is_counted() -> None:
    desk, event = Desk(trouble=[DependencyUnavailableError("away")] * 50), user_deleted()
    await desk.receive(event)
    assert desk.done == [event]
    assert await desk.group.backlog() == Backlog(0, 0, 0)


async def test_failing_event_is_redelivered_and_becomes_a_dead_letter_in_the_end() -> None:
    desk, next_one = Desk(trouble=[KeyError("bug")] * MAX_DELIVERIES), user_deleted()
    await desk.receive(user_deleted())
    assert await desk.group.backlog() == Backlog(0, 1, 0)
    await desk.receive_again()
    await desk.receive_again()
    assert desk.stream.state.groups["g"].dead == {1: "failed: KeyError"}
    assert not await desk.receive_again()
    await desk.receive(next_one)
    assert desk.done == [next_one]


async def test_event_that_fails_once_is_processed_on_redelivery() -> None:
    desk, event = Desk(trouble=[KeyError("bug")]), user_deleted()
    await desk.receive(event)
    assert desk.done == []
    await desk.receive_again()
    assert desk.done == [event]


async def test_event_that_kills_its_consumer_becomes_a_dead_letter_in_the_end() -> None:
    desk = Desk()
    await desk.stream.append(0, [PositionedEvent(1, user_deleted())])
    await desk.group.join()
    await desk.group.read()
    for _ in range(MAX_DELIVERIES - 1):
        assert await desk.group.claim() is not None
    await desk.receive_again()
    assert desk.done == []
    assert desk.stream.state.groups["g"].dead == {1: "its consumer died on every delivery"}
    assert await desk.group.replay(1)
    await desk.receive_again()
    assert len(desk.done) == 1


async def test_event_stays_pending_when_redis_fails() -> None:
    desk = Desk(trouble=[RedisConnectionError("away")])
    with pytest.raises(RedisConnectionError):
        await desk.receive(user_deleted())
    assert await desk.group.backlog() == Backlog(0, 1, 0)


async def test_stopping_inbox_does_not_wait_for_a_store() -> None:
    desk = Desk(trouble=[DependencyUnavailableError("away")] * 50)
    desk.during = desk.inbox.stopping.set
    await desk.receive(user_deleted())
    assert len(desk.trouble) == 49
    assert await desk.group.backlog() == Backlog(0, 1, 0)
