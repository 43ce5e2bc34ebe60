"""A concurrency limiter with a constant limit, in virtual time."""

import asyncio

import pytest
from gateway.limits.adaptive_limit import AdaptiveLimit
from gateway.limits.concurrency_limiter import ConcurrencyLimiter
from gateway.limits.outcome import Permit, Shed, ShedCause
from gateway.limits.reservations import Reservation
from gateway.limits.throttle_telemetry import ThrottleTelemetry
from service_kit.request.clients import Client

from tests.unit.gateway.limits.virtual_time import run
from tests.unit.gateway.metrics import RecordedMetrics

RPC = "thing.v1.ThingService/GetThing"
SLOW_RPC = "thing.v1.ThingService/CountThings"


def now() -> float:
    return asyncio.get_running_loop().time()


def limiter(permits: int, *, max_queue: int = 100, max_wait_s: float = 1.0) -> ConcurrencyLimiter:
    telemetry = ThrottleTelemetry(RecordedMetrics().meter, now).limiter("thing-svc", "default")
    limit = AdaptiveLimit(permits, permits)
    return ConcurrencyLimiter(
        limit, max_queue=max_queue, max_wait_s=max_wait_s, is_calm=lambda: True, telemetry=telemetry, now=now
    )


async def hold(at: ConcurrencyLimiter, seconds: float, rpc: str = RPC) -> None:
    permit = await at.acquire(rpc)
    assert isinstance(permit, Permit)
    await asyncio.sleep(seconds)
    at.release(permit, answered=True)


async def fill(at: ConcurrencyLimiter, number: int) -> list[Permit]:
    permits = [await at.acquire(RPC) for _ in range(number)]
    assert all(isinstance(permit, Permit) for permit in permits)
    return [permit for permit in permits if isinstance(permit, Permit)]


async def refused_at_once(at: ConcurrencyLimiter, deadline: float | None = None) -> ShedCause:
    began = now()
    shed = await at.acquire(RPC, deadline)
    assert isinstance(shed, Shed)
    assert now() == began
    return shed.cause


def test_permit_is_granted_when_free_or_released() -> None:
    async def scenario() -> None:
        at = limiter(1)
        (first,) = await fill(at, 1)
        second = asyncio.create_task(at.acquire(RPC))
        await asyncio.sleep(0.2)
        assert (at.in_use, at.waiting) == (1, 1)
        at.release(first, answered=True)
        permit = await second
        assert isinstance(permit, Permit)
        # What it waited for is not what it takes.
        assert permit.acquired_at == now()

    run(scenario())


def test_request_is_rejected_at_once_when_the_queue_is_full() -> None:
    async def scenario() -> None:
        at = limiter(2, max_queue=1)
        await fill(at, 2)
        waiting = asyncio.create_task(at.acquire(RPC))
        await asyncio.sleep(0)
        assert await refused_at_once(at) is ShedCause.QUEUE_FULL
        waiting.cancel()

    run(scenario())


def test_request_is_rejected_at_once_when_it_may_not_wait() -> None:
    async def scenario() -> None:
        at = limiter(1, max_wait_s=0.0)
        await fill(at, 1)
        assert await refused_at_once(at) is ShedCause.QUEUE_SLOW

    run(scenario())


def test_request_is_rejected_at_once_when_the_queue_is_too_slow() -> None:
    async def scenario() -> None:
        at = limiter(1, max_wait_s=1.0)
        for _ in range(60):
            await hold(at, 0.1)
        await fill(at, 1)
        queue = [asyncio.create_task(at.acquire(RPC)) for _ in range(5)]
        await asyncio.sleep(0)
        # Half a second before it: with the usual error, it might be a whole one.
        assert await refused_at_once(at) is ShedCause.QUEUE_SLOW
        assert at.reserve() == Shed(ShedCause.QUEUE_SLOW, limit=1, retry_after_s=2)
        for task in queue:
            task.cancel()

    run(scenario())


def test_request_is_rejected_when_the_first_waiter_has_waited_too_long() -> None:
    async def scenario() -> None:
        at = limiter(1, max_wait_s=1.0)
        await fill(at, 1)
        first = asyncio.create_task(at.acquire(RPC))
        await asyncio.sleep(0.49)
        assert isinstance(at.reserve(), Reservation)
        await asyncio.sleep(0.02)
        assert await refused_at_once(at) is ShedCause.QUEUE_SLOW
        shed = await first
        assert isinstance(shed, Shed)
        assert shed.cause is ShedCause.WAITED

    run(scenario())


def test_request_does_not_wait_beyond_its_deadline() -> None:
    async def scenario() -> None:
        at = limiter(1, max_wait_s=5.0)
        await fill(at, 1)
        due = now() + 0.3
        shed = await at.acquire(RPC, due)
        assert isinstance(shed, Shed)
        assert shed.cause is ShedCause.DEADLINE
        assert now() == pytest.approx(due)

    run(scenario())


def test_request_is_rejected_at_once_when_its_answer_would_be_late() -> None:
    async def scenario() -> None:
        at = limiter(1, max_wait_s=5.0)
        for _ in range(60):
            await hold(at, 0.1)
        await fill(at, 1)
        # 0.1 s for a permit, and 0.1 s for the answer.
        assert await refused_at_once(at, now() + 0.19) is ShedCause.DEADLINE
        waiting = asyncio.create_task(at.acquire(RPC, now() + 0.21))
        await asyncio.sleep(0)
        assert at.waiting == 1
        waiting.cancel()

    run(scenario())


def test_request_is_rejected_at_once_when_its_deadline_has_passed() -> None:
    async def scenario() -> None:
        at = limiter(1)
        await fill(at, 1)
        assert await refused_at_once(at, now() - 1) is ShedCause.DEADLINE

    run(scenario())


def test_request_is_admitted_again_when_a_permit_is_released() -> None:
    async def scenario() -> None:
        at = limiter(2)
        held = await fill(at, 2)
        at.release(held[0], answered=False)
        assert isinstance(at.reserve(), Reservation)
        assert isinstance(await at.acquire(RPC), Permit)

    run(scenario())


@pytest.mark.parametrize(("queue", "wait_s"), [(-1, 1.0), (1, -1.0)])
def test_negative_bounds_are_refused(queue: int, wait_s: float) -> None:
    with pytest.raises(ValueError, match="negative"):
        limiter(1, max_queue=queue, max_wait_s=wait_s)


def test_reservation_counts_until_its_request_gets_a_permit() -> None:
    async def scenario() -> None:
        at = limiter(2, max_queue=0)
        reserved = at.reserve()
        assert isinstance(reserved, Reservation)
        assert isinstance(at.reserve(), Reservation)
        assert at.reserve() == Shed(ShedCause.QUEUE_FULL, limit=2, retry_after_s=1)
        assert isinstance(await at.acquire(RPC, reservation=reserved), Permit)
        assert isinstance(at.reserve(), Shed)  # now it is inside

    run(scenario())


def test_reservation_that_ended_or_expired_does_not_count() -> None:
    async def scenario() -> None:
        at = limiter(1, max_queue=0)
        reserved = at.reserve()
        assert isinstance(reserved, Reservation)
        assert isinstance(at.reserve(), Shed)
        reserved.end()
        reserved.end()
        slow = at.reserve()
        assert isinstance(slow, Reservation)
        await asyncio.sleep(0.3)
        assert isinstance(at.reserve(), Reservation)
        assert isinstance(await at.acquire(RPC, reservation=slow), Permit)

    run(scenario())


def test_request_with_a_reservation_is_queued_when_the_forecast_is_slightly_worse() -> None:
    async def scenario() -> None:
        at = limiter(1, max_wait_s=1.0)
        await hold(at, 0.4)
        for _ in range(64):  # the mean time inside is 0.4 s by now
            await hold(at, 0.4)
        await fill(at, 1)
        reserved = at.reserve()
        assert isinstance(reserved, Reservation)
        other = asyncio.create_task(at.acquire(RPC))
        await asyncio.sleep(0)
        assert await refused_at_once(at) is ShedCause.QUEUE_SLOW
        late = asyncio.create_task(at.acquire(RPC, reservation=reserved))
        await asyncio.sleep(0)
        assert at.waiting == 2
        for waiting in (other, late):
            waiting.cancel()

    run(scenario())


def test_one_client_fills_neither_the_permits_nor_the_queue() -> None:
    async def scenario() -> None:
        at = limiter(8, max_queue=16)
        user, other = Client("user:1", is_identified=True), Client("user:2", is_identified=True)
        anonymous = Client("addr:192.0.2.1", is_identified=False)
        asked = [asyncio.create_task(at.acquire(RPC, client=user)) for _ in range(20)]
        asked += [asyncio.create_task(at.acquire(RPC, client=anonymous)) for _ in range(20)]
        await asyncio.sleep(0)
        # Of eight places and sixteen in queue: a half and a quarter; a quarter and an eighth.
        assert (at.in_use, at.waiting) == (4 + 2, 4 + 2)
        sheds = [task.result() for task in asked if task.done() and isinstance(task.result(), Shed)]
        assert len(sheds) == 12 + 16
        assert {shed.cause for shed in sheds if isinstance(shed, Shed)} == {ShedCause.CLIENT_SHARE}
        assert isinstance(at.reserve(anonymous), Reservation)
        assert isinstance(await at.acquire(RPC, client=other), Permit)
        for task in asked:
            task.cancel()

    run(scenario())


def test_request_with_a_reservation_is_rejected_at_once_when_its_client_alone_delays_it() -> None:
    async def scenario() -> None:
        at, user = limiter(8, max_wait_s=1.0), Client("user:1", is_identified=True)
        for _ in range(64):  # the mean time inside is 0.41 s by now
            await hold(at, 0.42)
        reserved = [at.reserve() for _ in range(10)]
        asked = [
            asyncio.create_task(at.acquire(RPC, reservation=each, client=user))
            for each in reserved
            if isinstance(each, Reservation)
        ]
        await asyncio.sleep(0)
        # Four are inside, for 0.41 s each. The fifth in queue would wait for 0.5 s, perhaps for twice as long.
        assert (at.in_use, at.waiting) == (4, 4)
        sheds = [task.result() for task in asked if task.done()]
        assert [shed.cause for shed in sheds if isinstance(shed, Shed)] == [ShedCause.CLIENT_SHARE] * 2
        for task in asked:
            task.cancel()

    run(scenario())


def test_many_requests_of_one_client_do_not_delay_another_client() -> None:
    async def scenario() -> None:
        at = limiter(2, max_wait_s=1.0)
        for _ in range(64):
            await hold(at, 0.1)
        user, other = Client("user:1", is_identified=True), Client("user:2", is_identified=True)
        held = await at.acquire(RPC, client=user)
        await at.acquire(RPC, client=other)
        assert isinstance(held, Permit)
        queue = [asyncio.create_task(at.acquire(RPC, client=user)) for _ in range(5)]
        await asyncio.sleep(0)
        assert at.waiting == 5
        # The sixth of one client would wait for half a second, and perhaps for twice as long; the other's first not.
        shed = await at.acquire(RPC, client=user)
        assert isinstance(shed, Shed)
        waiting = asyncio.create_task(at.acquire(RPC, now() + 0.35, client=other))
        await asyncio.sleep(0)
        assert at.waiting == 6
        for task in [*queue, waiting]:
            task.cancel()

    run(scenario())


def test_many_reservations_of_one_network_do_not_exclude_others() -> None:
    async def scenario() -> None:
        at = limiter(2, max_queue=6)
        crowd = Client("addr:192.0.2.1", is_identified=False)
        told = [at.reserve(crowd) for _ in range(100)]
        assert all(isinstance(answer, Reservation) for answer in told)
        assert isinstance(at.reserve(Client("addr:192.0.2.2", is_identified=False)), Reservation)

    run(scenario())
