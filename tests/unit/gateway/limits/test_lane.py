"""A lane whose limit does not move, in virtual time."""

import asyncio

import pytest
from gateway.limits.adaptive_limit import AdaptiveLimit
from gateway.limits.announced import Announcement
from gateway.limits.lane import Lane
from gateway.limits.throttle_telemetry import ThrottleTelemetry
from gateway.limits.turn import Place, Shed, ShedCause
from service_kit.request.clients import Client

from tests.unit.gateway.limits.virtual_time import run
from tests.unit.gateway.metrics import RecordedMetrics

RPC = "thing.v1.ThingService/GetThing"
SLOW_RPC = "thing.v1.ThingService/CountThings"


def now() -> float:
    return asyncio.get_running_loop().time()


def lane(places: int, *, max_queue: int = 100, max_wait_s: float = 1.0) -> Lane:
    told = ThrottleTelemetry(RecordedMetrics().meter, now).lane("thing-svc", "default")
    limit = AdaptiveLimit(places, places)
    return Lane(limit, max_queue=max_queue, max_wait_s=max_wait_s, calm=lambda: True, told=told, now=now)


async def stay(at: Lane, seconds: float, rpc: str = RPC) -> None:
    place = await at.enter(rpc)
    assert isinstance(place, Place)
    await asyncio.sleep(seconds)
    at.leave(place, answered=True)


async def fill(at: Lane, number: int) -> list[Place]:
    places = [await at.enter(RPC) for _ in range(number)]
    assert all(isinstance(place, Place) for place in places)
    return [place for place in places if isinstance(place, Place)]


async def refused_at_once(at: Lane, deadline: float | None = None) -> ShedCause:
    began = now()
    shed = await at.enter(RPC, deadline)
    assert isinstance(shed, Shed)
    assert now() == began
    return shed.cause


def test_a_place_is_free_or_comes_free() -> None:
    async def scenario() -> None:
        at = lane(1)
        (first,) = await fill(at, 1)
        second = asyncio.create_task(at.enter(RPC))
        await asyncio.sleep(0.2)
        assert (at.in_use, at.waiting) == (1, 1)
        at.leave(first, answered=True)
        place = await second
        assert isinstance(place, Place)
        # What it waited for is not what it takes.
        assert place.entered_at == now()

    run(scenario())


def test_a_full_queue_refuses_at_once() -> None:
    async def scenario() -> None:
        at = lane(2, max_queue=1)
        await fill(at, 2)
        waiting = asyncio.create_task(at.enter(RPC))
        await asyncio.sleep(0)
        assert await refused_at_once(at) is ShedCause.QUEUE_FULL
        waiting.cancel()

    run(scenario())


def test_without_a_queue_whoever_finds_no_place_is_refused_at_once() -> None:
    async def scenario() -> None:
        at = lane(1, max_wait_s=0.0)
        await fill(at, 1)
        assert await refused_at_once(at) is ShedCause.QUEUE_SLOW

    run(scenario())


def test_a_queue_that_moves_too_slowly_refuses_at_once() -> None:
    async def scenario() -> None:
        at = lane(1, max_wait_s=1.0)
        for _ in range(60):
            await stay(at, 0.1)
        await fill(at, 1)
        line = [asyncio.create_task(at.enter(RPC)) for _ in range(5)]
        await asyncio.sleep(0)
        # Half a second before it: with the usual error, it might be a whole one.
        assert await refused_at_once(at) is ShedCause.QUEUE_SLOW
        assert at.announce() == Shed(ShedCause.QUEUE_SLOW, limit=1, retry_after_s=2)
        for task in line:
            task.cancel()

    run(scenario())


def test_when_nothing_moves_nobody_more_is_let_into_the_line() -> None:
    async def scenario() -> None:
        at = lane(1, max_wait_s=1.0)
        await fill(at, 1)
        first = asyncio.create_task(at.enter(RPC))
        await asyncio.sleep(0.49)
        assert isinstance(at.announce(), Announcement)
        await asyncio.sleep(0.02)
        assert await refused_at_once(at) is ShedCause.QUEUE_SLOW
        shed = await first
        assert isinstance(shed, Shed)
        assert shed.cause is ShedCause.WAITED

    run(scenario())


def test_nobody_waits_beyond_the_deadline() -> None:
    async def scenario() -> None:
        at = lane(1, max_wait_s=5.0)
        await fill(at, 1)
        due = now() + 0.3
        shed = await at.enter(RPC, due)
        assert isinstance(shed, Shed)
        assert shed.cause is ShedCause.DEADLINE
        assert now() == pytest.approx(due)

    run(scenario())


def test_what_could_not_be_answered_in_time_is_refused_at_once() -> None:
    async def scenario() -> None:
        at = lane(1, max_wait_s=5.0)
        for _ in range(60):
            await stay(at, 0.1)
        await fill(at, 1)
        # 0.1 s for a place, and 0.1 s for the answer.
        assert await refused_at_once(at, now() + 0.19) is ShedCause.DEADLINE
        waiting = asyncio.create_task(at.enter(RPC, now() + 0.21))
        await asyncio.sleep(0)
        assert at.waiting == 1
        waiting.cancel()

    run(scenario())


def test_a_deadline_that_has_passed_is_refused_at_once() -> None:
    async def scenario() -> None:
        at = lane(1)
        await fill(at, 1)
        assert await refused_at_once(at, now() - 1) is ShedCause.DEADLINE

    run(scenario())


def test_it_may_still_be_entered_when_others_are_turned_away_no_more() -> None:
    async def scenario() -> None:
        at = lane(2)
        held = await fill(at, 2)
        at.leave(held[0], answered=False)
        assert isinstance(at.announce(), Announcement)
        assert isinstance(await at.enter(RPC), Place)

    run(scenario())


@pytest.mark.parametrize(("queue", "wait_s"), [(-1, 1.0), (1, -1.0)])
def test_nonsense_is_refused(queue: int, wait_s: float) -> None:
    with pytest.raises(ValueError, match="negative"):
        lane(1, max_queue=queue, max_wait_s=wait_s)


def test_whoever_is_announced_is_counted_as_ahead_until_it_enters() -> None:
    async def scenario() -> None:
        at = lane(2, max_queue=0)
        announced = at.announce()
        assert isinstance(announced, Announcement)
        assert isinstance(at.announce(), Announcement)
        assert at.announce() == Shed(ShedCause.QUEUE_FULL, limit=2, retry_after_s=1)
        assert isinstance(await at.enter(RPC, announcement=announced), Place)
        assert isinstance(at.announce(), Shed)  # now it is inside

    run(scenario())


def test_whoever_is_announced_and_never_comes_or_takes_long_is_in_nobodys_way() -> None:
    async def scenario() -> None:
        at = lane(1, max_queue=0)
        announced = at.announce()
        assert isinstance(announced, Announcement)
        assert isinstance(at.announce(), Shed)
        announced.end()
        announced.end()
        slow = at.announce()
        assert isinstance(slow, Announcement)
        await asyncio.sleep(0.3)
        assert isinstance(at.announce(), Announcement)
        assert isinstance(await at.enter(RPC, announcement=slow), Place)

    run(scenario())


def test_whoever_was_told_to_come_is_not_sent_away_for_a_little_worse_forecast() -> None:
    async def scenario() -> None:
        at = lane(1, max_wait_s=1.0)
        await stay(at, 0.4)
        for _ in range(64):  # the mean time inside is 0.4 s by now
            await stay(at, 0.4)
        await fill(at, 1)
        announced = at.announce()
        assert isinstance(announced, Announcement)
        other = asyncio.create_task(at.enter(RPC))
        await asyncio.sleep(0)
        assert await refused_at_once(at) is ShedCause.QUEUE_SLOW
        late = asyncio.create_task(at.enter(RPC, announcement=announced))
        await asyncio.sleep(0)
        assert at.waiting == 2
        for waiting in (other, late):
            waiting.cancel()

    run(scenario())


def test_a_client_fills_neither_the_places_nor_the_line() -> None:
    async def scenario() -> None:
        at = lane(8, max_queue=16)
        user, other = Client("user:1", is_identified=True), Client("user:2", is_identified=True)
        stranger = Client("addr:192.0.2.1", is_identified=False)
        asked = [asyncio.create_task(at.enter(RPC, client=user)) for _ in range(20)]
        asked += [asyncio.create_task(at.enter(RPC, client=stranger)) for _ in range(20)]
        await asyncio.sleep(0)
        # Of eight places and sixteen in line: a half and a quarter; a quarter and an eighth.
        assert (at.in_use, at.waiting) == (4 + 2, 4 + 2)
        sheds = [task.result() for task in asked if task.done() and isinstance(task.result(), Shed)]
        assert len(sheds) == 12 + 16
        assert {shed.cause for shed in sheds if isinstance(shed, Shed)} == {ShedCause.CLIENT_SHARE}
        assert isinstance(at.announce(stranger), Announcement)
        assert isinstance(await at.enter(RPC, client=other), Place)
        for task in asked:
            task.cancel()

    run(scenario())


def test_an_announced_request_is_refused_at_once_when_its_client_alone_would_keep_it_waiting() -> None:
    async def scenario() -> None:
        at, user = lane(8, max_wait_s=1.0), Client("user:1", is_identified=True)
        for _ in range(64):  # the mean time inside is 0.41 s by now
            await stay(at, 0.42)
        announced = [at.announce() for _ in range(10)]
        asked = [
            asyncio.create_task(at.enter(RPC, announcement=each, client=user))
            for each in announced
            if isinstance(each, Announcement)
        ]
        await asyncio.sleep(0)
        # Four are inside, for 0.41 s each. The fifth in line would wait for 0.5 s, perhaps for twice as long.
        assert (at.in_use, at.waiting) == (4, 4)
        sheds = [task.result() for task in asked if task.done()]
        assert [shed.cause for shed in sheds if isinstance(shed, Shed)] == [ShedCause.CLIENT_SHARE] * 2
        for task in asked:
            task.cancel()

    run(scenario())


def test_a_crowd_of_one_client_is_not_in_front_of_another_one() -> None:
    async def scenario() -> None:
        at = lane(2, max_wait_s=1.0)
        for _ in range(64):
            await stay(at, 0.1)
        user, other = Client("user:1", is_identified=True), Client("user:2", is_identified=True)
        held = await at.enter(RPC, client=user)
        await at.enter(RPC, client=other)
        assert isinstance(held, Place)
        line = [asyncio.create_task(at.enter(RPC, client=user)) for _ in range(5)]
        await asyncio.sleep(0)
        assert at.waiting == 5
        # The sixth of one client would wait for half a second, and perhaps for twice as long; the other's first not.
        shed = await at.enter(RPC, client=user)
        assert isinstance(shed, Shed)
        waiting = asyncio.create_task(at.enter(RPC, now() + 0.35, client=other))
        await asyncio.sleep(0)
        assert at.waiting == 6
        for task in [*line, waiting]:
            task.cancel()

    run(scenario())


def test_many_from_one_network_do_not_shut_the_door_to_others() -> None:
    async def scenario() -> None:
        at = lane(2, max_queue=6)
        crowd = Client("addr:192.0.2.1", is_identified=False)
        told = [at.announce(crowd) for _ in range(100)]
        assert all(isinstance(answer, Announcement) for answer in told)
        assert isinstance(at.announce(Client("addr:192.0.2.2", is_identified=False)), Announcement)

    run(scenario())
