"""The relay on a table and a stream in memory."""

from datetime import UTC, datetime, timedelta

from service_kit.events import Envelope
from user_svc.adapters.outbox.relay import Relay
from user_svc.adapters.outbox.telemetry import OutboxTelemetry

from tests.examples.user_events import an_event
from tests.fakes.event_stream import InMemoryConsumerGroup, InMemoryEventStream
from tests.fakes.outbox import InMemoryOutbox

RETENTION = timedelta(days=7)


def a_relay(outbox: InMemoryOutbox) -> Relay:
    return Relay(outbox, OutboxTelemetry(), RETENTION)


def written(outbox: InMemoryOutbox, count: int, at: datetime | None = None) -> list[Envelope]:
    events = [an_event() for _ in range(count)]
    for event in events:
        outbox.write(event, at)
    return events


async def relayed(relay: Relay, stream: InMemoryEventStream) -> int:
    """Relays everything; returns the number of steps."""
    steps = 0
    while await relay.step(stream):
        steps += 1
    return steps


def events_of(stream: InMemoryEventStream) -> list[Envelope]:
    return [Envelope.of_fields(entry) for _, entry in sorted(stream.state.entries.items())]


async def test_events_are_relayed_in_order_in_batches_and_once() -> None:
    outbox, stream = InMemoryOutbox(), InMemoryEventStream()
    relay, events = a_relay(outbox), written(outbox, 250)
    assert await relayed(relay, stream) == 3
    assert await relayed(relay, stream) == 0
    assert events_of(stream) == events


async def test_two_relays_append_each_event_once() -> None:
    outbox, stream = InMemoryOutbox(), InMemoryEventStream()
    one, two = a_relay(outbox), a_relay(outbox)
    events: list[Envelope] = []
    for _ in range(3):
        events += written(outbox, 150)
        assert await one.step(stream)
        assert await two.step(stream)
    assert not await one.step(stream)
    assert events_of(stream) == events


async def test_stream_that_lost_everything_is_restored() -> None:
    outbox, stream = InMemoryOutbox(), InMemoryEventStream()
    relay, events = a_relay(outbox), written(outbox, 3)
    await relayed(relay, stream)
    lost = InMemoryEventStream()
    assert await relayed(relay, lost) == 1
    assert lost.state == stream.state
    assert events_of(lost) == events


async def test_stream_that_lost_its_end_is_restored() -> None:
    outbox, stream = InMemoryOutbox(), InMemoryEventStream()
    relay, events = a_relay(outbox), written(outbox, 2)
    await relayed(relay, stream)
    earlier = stream.snapshot()
    events += written(outbox, 2)
    await relayed(relay, stream)
    stream.state = earlier
    await relayed(relay, stream)
    assert events_of(stream) == events


async def test_table_restored_from_a_backup_continues_behind_the_stream() -> None:
    outbox, stream = InMemoryOutbox(), InMemoryEventStream()
    events = written(outbox, 3)
    await relayed(a_relay(outbox), stream)
    restored = InMemoryOutbox()
    restored.rows = outbox.rows[:1]
    later = written(restored, 2)
    await relayed(a_relay(restored), stream)
    assert events_of(stream) == [*events, *later]


async def test_expired_events_that_every_group_has_read_are_deleted() -> None:
    outbox, stream = InMemoryOutbox(), InMemoryEventStream()
    relay, old = a_relay(outbox), datetime.now(UTC) - RETENTION - timedelta(seconds=1)
    written(outbox, 3, at=old)
    young = written(outbox, 1)
    await relayed(relay, stream)
    await relay.delete_expired(stream)
    assert len(outbox.rows) == 4

    group = InMemoryConsumerGroup(stream, "reader", "1", claim_idle_s=0)
    await group.join()
    for _ in range(2):
        entry = await group.read()
        assert entry is not None
        await group.acknowledge(entry)
    await relay.delete_expired(stream)
    assert [row.position for row in outbox.rows] == sorted(stream.state.entries) == [3, 4]

    for _ in range(2):
        entry = await group.read()
        assert entry is not None
        await group.acknowledge(entry)
    await relay.delete_expired(stream)
    assert [row.event for row in outbox.rows] == events_of(stream) == young
