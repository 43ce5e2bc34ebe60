"""The contract of the outbox, for the fake in memory and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from service_kit.events import Envelope
from user_svc.adapters.outbox import table
from user_svc.adapters.outbox.relay import Outbox
from user_svc.adapters.outbox.table import PositionedEvent, PostgresOutbox, Unrelayed

from tests.examples.user_events import an_event
from tests.fakes.outbox import InMemoryOutbox
from tests.running.servers import RunningPostgres
from tests.running.user_database import migrated_database, user_pool

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Store:
    outbox: Outbox
    insert: Callable[[Envelope, datetime], Awaitable[None]]

    async def written(self, count: int = 1, at: datetime = NOON) -> list[Envelope]:
        events = [an_event() for _ in range(count)]
        for event in events:
            await self.insert(event, at)
        return events


@pytest.fixture(scope="module")
def database_url(postgres_server: RunningPostgres) -> str:
    return migrated_database(postgres_server)


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        fake = InMemoryOutbox()

        async def write(event: Envelope, at: datetime) -> None:
            fake.write(event, at)

        yield Store(fake, write)
        return
    async with user_pool(request.getfixturevalue("database_url")) as pool:
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM outbox")

        async def insert(event: Envelope, at: datetime) -> None:
            row = (at, event.event_id, event.type, event.payload, event.request_id, event.traceparent)
            async with pool.connection() as connection:
                await connection.execute(table.INSERT, row)

        yield Store(PostgresOutbox(pool), insert)


def placed(first: int, events: list[Envelope]) -> list[PositionedEvent]:
    return [PositionedEvent(position, event) for position, event in enumerate(events, first)]


async def test_empty_outbox_has_nothing_unrelayed(store: Store) -> None:
    await store.outbox.assign_positions(0)
    assert await store.outbox.unrelayed(0) == Unrelayed(0, None)
    assert await store.outbox.behind(0, 10) == []


async def test_written_events_are_unrelayed_and_returned_in_order(store: Store) -> None:
    events = await store.written(3)
    await store.written(at=NOON - MINUTE)
    assert await store.outbox.unrelayed(0) == Unrelayed(4, NOON - MINUTE)
    assert await store.outbox.behind(0, 10) == []
    await store.outbox.assign_positions(0)
    assert (await store.outbox.behind(0, 10))[:3] == placed(1, events)


async def test_events_in_the_stream_are_not_unrelayed(store: Store) -> None:
    await store.written(2)
    await store.outbox.assign_positions(0)
    later = await store.written(at=NOON + MINUTE)
    assert await store.outbox.unrelayed(2) == Unrelayed(1, NOON + MINUTE)
    await store.outbox.assign_positions(2)
    assert await store.outbox.behind(2, 10) == placed(3, later)


async def test_assigned_position_is_kept(store: Store) -> None:
    events = await store.written(3)
    await store.outbox.assign_positions(0)
    await store.outbox.assign_positions(0)
    await store.outbox.assign_positions(50)
    assert await store.outbox.behind(0, 10) == placed(1, events)


async def test_positions_continue_behind_a_stream_that_is_ahead_of_the_table(store: Store) -> None:
    events = await store.written(2)
    await store.outbox.assign_positions(40)
    assert await store.outbox.behind(40, 10) == placed(41, events)


async def test_events_that_the_stream_lost_are_unrelayed_again(store: Store) -> None:
    events = await store.written(4)
    await store.outbox.assign_positions(0)
    assert await store.outbox.unrelayed(1) == Unrelayed(3, NOON)
    assert await store.outbox.behind(1, 10) == placed(2, events[1:])


async def test_batch_has_the_next_events(store: Store) -> None:
    events = await store.written(5)
    await store.outbox.assign_positions(0)
    assert await store.outbox.behind(1, 2) == placed(2, events[1:3])


async def test_concurrently_assigned_positions_are_unique(store: Store) -> None:
    events = await store.written(20)
    await asyncio.gather(*(store.outbox.assign_positions(0) for _ in range(8)))
    assert await store.outbox.behind(0, 100) == placed(1, events)


async def test_events_before_a_time_are_found_and_deleted(store: Store) -> None:
    await store.written(2, at=NOON)
    young = await store.written(2, at=NOON + MINUTE)
    assert await store.outbox.last_position_before(NOON + MINUTE) == 0
    await store.outbox.assign_positions(0)
    assert await store.outbox.last_position_before(NOON) == 0
    assert await store.outbox.last_position_before(NOON + MINUTE) == 2
    await store.outbox.delete_through(2)
    assert await store.outbox.behind(0, 10) == placed(3, young)


async def test_event_without_a_position_is_not_deleted(store: Store) -> None:
    await store.written()
    await store.outbox.delete_through(10)
    assert (await store.outbox.unrelayed(0)).count == 1
