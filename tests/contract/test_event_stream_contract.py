"""The contract of the event stream and its consumer groups, for the in-memory and the Redis implementation."""

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import pytest
from order_svc.inbox.group import Backlog, ConsumerGroup, RedisConsumerGroup
from redis.exceptions import ResponseError
from service_kit.events import Envelope
from service_kit.redis.client import own_connection
from user_svc.adapters.outbox.stream import EventStream, RedisEventStream
from user_svc.adapters.outbox.table import PositionedEvent

from tests.examples.user_events import an_event, user_deleted
from tests.fakes.event_stream import InMemoryConsumerGroup, InMemoryEventStream
from tests.running.servers import RunningRedis

LONG_S = 600.0


@dataclass(frozen=True)
class Ends:
    """The stream, and a factory of consumers: (name of the group, name of the consumer, claim_idle_s)."""

    stream: EventStream
    consumer: Callable[[str, str, float], ConsumerGroup]

    async def joined(self, group: str = "a", consumer: str = "1", claim_idle_s: float = LONG_S) -> ConsumerGroup:
        joined = self.consumer(group, consumer, claim_idle_s)
        await joined.join()
        return joined


@pytest.fixture(params=["memory", "redis"])
async def ends(request: pytest.FixtureRequest) -> AsyncIterator[Ends]:
    if request.param == "memory":
        fake = InMemoryEventStream()
        yield Ends(fake, lambda group, name, idle_s: InMemoryConsumerGroup(fake, group, name, idle_s))
        return
    server: RunningRedis = request.getfixturevalue("redis_server")
    name = f"{{{secrets.token_hex(8)}}}"
    async with own_connection(server.url, "tests", connect_timeout_s=5, decode=False) as redis:
        yield Ends(RedisEventStream(redis, name), lambda *who: RedisConsumerGroup(redis, name, who[0], who[1], who[2]))


def events(first: int, count: int) -> list[PositionedEvent]:
    return [PositionedEvent(position, an_event()) for position in range(first, first + count)]


async def entry_of(consumer: ConsumerGroup) -> tuple[str, Envelope, int] | None:
    entry = await consumer.read()
    return None if entry is None else (entry.entry_id, Envelope.of_fields(entry.fields), entry.deliveries)


async def test_event_is_read_as_it_was_appended(ends: Ends) -> None:
    assert await ends.stream.head() == 0
    strange = replace(user_deleted(), payload=bytes(range(256)), request_id="größe ✓\r\n")
    assert await ends.stream.append(0, [PositionedEvent(7, strange)]) == 7
    assert await ends.stream.head() == 7
    consumer = await ends.joined()
    assert await entry_of(consumer) == ("7-0", strange, 1)
    assert await entry_of(consumer) is None


@pytest.mark.parametrize("believed", [0, 2, 4])
async def test_append_behind_an_unexpected_head_changes_nothing(ends: Ends, believed: int) -> None:
    await ends.stream.append(0, events(1, 3))
    assert await ends.stream.append(believed, events(5, 2)) == 3
    assert await ends.stream.append(3, events(5, 2)) == 6


async def test_each_group_reads_every_event_and_its_consumers_share_them(ends: Ends) -> None:
    written = events(1, 4)
    await ends.stream.append(0, written)
    one, two, other = await ends.joined("a", "1"), await ends.joined("a", "2"), await ends.joined("b", "1")
    assert [await entry_of(each) for each in (one, two, one, two)] == [
        (f"{each.position}-0", each.event, 1) for each in written
    ]
    assert await entry_of(one) is None
    assert [await entry_of(other) is None for _ in range(5)] == [False] * 4 + [True]


async def test_joining_again_changes_nothing(ends: Ends) -> None:
    await ends.stream.append(0, events(1, 2))
    one = await ends.joined()
    await one.read()
    assert await (await ends.joined()).backlog() == Backlog(unread=1, pending=1, dead_letters=0)


async def test_consumer_without_a_group_raises_nogroup(ends: Ends) -> None:
    await ends.stream.append(0, events(1, 1))
    stranger = ends.consumer("unknown", "1", 0.0)
    with pytest.raises(ResponseError, match="NOGROUP"):
        await stranger.read()
    with pytest.raises(ResponseError, match="NOGROUP"):
        await stranger.claim()


async def test_entry_of_a_silent_consumer_is_claimed_and_its_delivery_counted(ends: Ends) -> None:
    await ends.stream.append(0, events(1, 1))
    dead, heir, patient = await ends.joined(), await ends.joined("a", "2", 0.0), await ends.joined("a", "3")
    left = await dead.read()
    assert left is not None
    assert await patient.claim() is None
    taken = await heir.claim()
    assert taken == replace(left, deliveries=2)
    await heir.acknowledge(taken)
    assert await heir.claim() is None
    assert await heir.backlog() == Backlog(0, 0, 0)


async def test_extending_a_claim_does_not_count_as_a_delivery(ends: Ends) -> None:
    await ends.stream.append(0, events(1, 1))
    consumer, heir = await ends.joined(), await ends.joined("a", "2", 0.0)
    entry = await consumer.read()
    assert entry is not None
    for _ in range(3):
        await consumer.extend_claim(entry)
    taken = await heir.claim()
    assert taken is not None
    assert taken.deliveries == 2


async def test_acknowledged_entry_cannot_be_claimed_or_buried(ends: Ends) -> None:
    await ends.stream.append(0, events(1, 1))
    consumer = await ends.joined()
    entry = await consumer.read()
    assert entry is not None
    await consumer.acknowledge(entry)
    await consumer.extend_claim(entry)
    assert not await consumer.bury(entry, "too late")
    assert await consumer.backlog() == Backlog(0, 0, 0)


async def test_buried_entry_is_one_dead_letter(ends: Ends) -> None:
    await ends.stream.append(0, events(1, 2))
    consumer = await ends.joined()
    entry = await consumer.read()
    assert entry is not None
    assert [await consumer.bury(entry, "bad") for _ in range(2)] == [True, False]
    assert await consumer.backlog() == Backlog(unread=1, pending=0, dead_letters=1)


async def test_entries_that_a_group_has_not_read_are_not_trimmed(ends: Ends) -> None:
    await ends.stream.append(0, events(1, 5))
    assert await ends.stream.trim(5) == 0
    slow, fast = await ends.joined("slow"), await ends.joined("fast")
    for consumer, count in ((slow, 2), (fast, 4)):
        for _ in range(count):
            entry = await consumer.read()
            assert entry is not None
            await consumer.acknowledge(entry)
    assert await ends.stream.trim(1) == 1
    assert await ends.stream.trim(5) == 2
    late = await ends.joined("late")
    entry = await late.read()
    assert entry is not None
    assert entry.entry_id == "3-0"


async def test_pending_entries_and_dead_letters_are_not_trimmed(ends: Ends) -> None:
    await ends.stream.append(0, events(1, 4))
    consumer = await ends.joined()
    for place in range(1, 5):
        entry = await consumer.read()
        assert entry is not None
        if place == 2:
            await consumer.bury(entry, "bad")
        elif place != 3:
            await consumer.acknowledge(entry)
    assert await ends.stream.trim(4) == 1


async def test_head_is_kept_when_all_entries_are_trimmed(ends: Ends) -> None:
    await ends.stream.append(0, events(1, 1))
    consumer = await ends.joined()
    entry = await consumer.read()
    assert entry is not None
    await consumer.acknowledge(entry)
    assert await ends.stream.trim(9) == 1
    assert await ends.stream.head() == 1
    assert await ends.stream.append(1, events(2, 1)) == 2
    assert await entry_of(consumer) is not None
