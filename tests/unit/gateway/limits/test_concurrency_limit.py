import asyncio
import random

import pytest
from gateway.limits.concurrency_limit import ConcurrencyLimit
from hypothesis import given, settings
from hypothesis import strategies as st


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_places_go_first_come_first_served() -> None:
    limit = ConcurrencyLimit(1, max_queue=10, max_wait_s=5)
    assert await limit.acquire()
    order: list[int] = []

    async def wait(number: int) -> None:
        assert await limit.acquire()
        order.append(number)
        limit.release()

    tasks = [asyncio.create_task(wait(number)) for number in range(5)]
    await settle()
    limit.release()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]
    assert (limit.in_use, limit.waiting) == (0, 0)


async def test_a_newcomer_cannot_overtake_in_the_moment_of_the_hand_over() -> None:
    limit = ConcurrencyLimit(1, max_queue=1, max_wait_s=5)
    assert await limit.acquire()
    waiting = asyncio.create_task(limit.acquire())
    await settle()
    limit.release()
    newcomer = asyncio.create_task(limit.acquire())
    assert await waiting
    assert not newcomer.done()
    limit.release()
    assert await newcomer


async def test_the_wait_is_bounded() -> None:
    limit = ConcurrencyLimit(1, max_queue=1, max_wait_s=0.02)
    assert await limit.acquire()
    assert not await limit.acquire()
    assert (limit.in_use, limit.waiting) == (1, 0)


async def test_the_queue_is_bounded() -> None:
    limit = ConcurrencyLimit(1, max_queue=1, max_wait_s=5)
    assert await limit.acquire()
    waiting = asyncio.create_task(limit.acquire())
    await settle()
    assert not await limit.acquire()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert limit.waiting == 0


async def test_a_cancelled_waiter_leaves_the_queue() -> None:
    limit = ConcurrencyLimit(1, max_queue=5, max_wait_s=5)
    assert await limit.acquire()
    first, second = asyncio.create_task(limit.acquire()), asyncio.create_task(limit.acquire())
    await settle()
    first.cancel()
    await asyncio.wait([first])
    limit.release()
    assert await second


async def test_a_waiter_cancelled_in_the_moment_of_the_hand_over_passes_the_place_on() -> None:
    limit = ConcurrencyLimit(1, max_queue=5, max_wait_s=5)
    assert await limit.acquire()
    first, second = asyncio.create_task(limit.acquire()), asyncio.create_task(limit.acquire())
    await settle()
    limit.release()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second
    limit.release()
    assert limit.in_use == 0


@pytest.mark.parametrize("arguments", [(0, 1, 1.0), (1, -1, 1.0), (1, 1, -1.0)])
def test_nonsense_is_refused(arguments: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match="concurrency limit"):
        ConcurrencyLimit(*arguments)


class Model:
    """What the limit has to do, in the plainest words: a list of holders and a list of waiters."""

    def __init__(self, places: int, queue: int) -> None:
        self.places, self.queue = places, queue
        self.holders: list[asyncio.Task[bool]] = []
        self.waiters: list[asyncio.Task[bool]] = []
        self.refused: list[asyncio.Task[bool]] = []

    def arrive(self, task: "asyncio.Task[bool]") -> None:
        if len(self.holders) < self.places:
            self.holders.append(task)
        elif len(self.waiters) < self.queue:
            self.waiters.append(task)
        else:
            self.refused.append(task)

    def leave(self) -> None:
        self.holders.pop(0)
        if self.waiters:
            self.holders.append(self.waiters.pop(0))


@settings(deadline=None, max_examples=60)
@given(
    places=st.integers(1, 3),
    queue=st.integers(0, 4),
    steps=st.lists(st.sampled_from(["arrive", "arrive", "leave", "cancel", "leave and cancel"]), max_size=40),
    seed=st.integers(0, 2**16),
)
def test_it_does_what_the_model_does(places: int, queue: int, steps: list[str], seed: int) -> None:
    with asyncio.Runner() as runner:
        runner.run(_compare(places, queue, steps, random.Random(seed)))  # noqa: S311


async def _compare(places: int, queue: int, steps: list[str], chance: random.Random) -> None:
    limit, model = ConcurrencyLimit(places, queue, max_wait_s=60), Model(places, queue)
    for step in steps:
        if step == "arrive":
            model.arrive(asyncio.create_task(limit.acquire()))
        elif step == "leave" and model.holders:
            model.leave()
            limit.release()
        elif step == "cancel" and model.waiters:
            model.waiters.pop(chance.randrange(len(model.waiters))).cancel()
        elif step == "leave and cancel" and model.holders and model.waiters:
            # The one that is just being handed a place goes away: as if it had never stood in the queue.
            model.waiters[0].cancel() if chance.random() < 0.5 else None
            limit.release()
            model.waiters.pop(0).cancel()
            model.leave()
        await settle()
        assert all(task.done() and task.result() for task in model.holders)
        assert not any(task.done() for task in model.waiters)
        assert all(task.done() and not task.result() for task in model.refused)
        assert (limit.in_use, limit.waiting) == (len(model.holders), len(model.waiters))
    for task in model.waiters:
        task.cancel()
