"""How the events of each client are delayed, on the test's own clock."""

from contextlib import AsyncExitStack

from gateway.limits.leaky_bucket import ClientLeakyBuckets
from hypothesis import given
from hypothesis import strategies as st
from service_kit.request.clients import Client

ADA, BOB = Client("user:ada", is_identified=True), Client("addr:192.0.2.1", is_identified=False)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def buckets(clock: Clock, max_waiting: int = 1000) -> ClientLeakyBuckets:
    return ClientLeakyBuckets(10, burst=5, max_wait_s=2.0, max_waiting=max_waiting, now=clock)


async def waits(of: ClientLeakyBuckets, client: Client, times: int) -> list[float]:
    found = []
    for _ in range(times):
        async with of.delay(client) as wait_s:
            found.append(round(wait_s, 6))
    return found


async def test_events_of_a_client_after_its_burst_are_delayed() -> None:
    clock = Clock()
    of = buckets(clock)
    assert await waits(of, ADA, 8) == [0, 0, 0, 0, 0, 0, 0.1, 0.2]
    assert await waits(of, BOB, 1) == [0]
    clock.now += 10
    assert await waits(of, ADA, 6) == [0] * 6


@given(st.lists(st.floats(0, 0.5), max_size=80))
async def test_no_delay_exceeds_the_longest_one(pauses: list[float]) -> None:
    clock = Clock()
    of = buckets(clock)
    for pause in pauses:
        clock.now += pause
        assert all(wait_s <= 2.0 for wait_s in await waits(of, ADA, 3))


async def test_events_beyond_the_waiting_limit_are_not_delayed() -> None:
    of = buckets(Clock(), max_waiting=7)
    async with AsyncExitStack() as held:
        waiting = [await held.enter_async_context(of.delay(ADA)) for _ in range(9)]
    assert waiting[6] > 0
    assert waiting[7:] == [0, 0]
    assert (await waits(of, ADA, 1))[0] > 0


async def test_least_recent_clients_are_forgotten() -> None:
    of = buckets(Clock())
    await waits(of, ADA, 8)
    for number in range(4096):
        await waits(of, Client(f"user:{number}", is_identified=True), 1)
    assert await waits(of, ADA, 1) == [0]
    assert len(of._buckets) == 4096
    assert not of._waiting
