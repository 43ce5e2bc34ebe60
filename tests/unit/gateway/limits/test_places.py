import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from gateway.limits.places import Places
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.unit.gateway.limits.virtual_time import VirtualTimeLoop


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def waiting_for(places: Places, longest_s: float = 5.0) -> "asyncio.Task[bool]":
    return asyncio.create_task(places.wait(longest_s, came_at=0.0))


async def test_places_go_first_come_first_served() -> None:
    places = Places(1)
    assert places.take()
    order: list[int] = []

    async def wait(number: int) -> None:
        assert await places.wait(5.0, came_at=0.0)
        order.append(number)
        places.give_back()

    tasks = [asyncio.create_task(wait(number)) for number in range(5)]
    await settle()
    places.give_back()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]
    assert (places.in_use, places.waiting) == (0, 0)


async def test_a_newcomer_cannot_overtake_in_the_moment_of_the_hand_over() -> None:
    places = Places(1)
    assert places.take()
    waiting = waiting_for(places)
    await settle()
    places.give_back()
    assert not places.take()
    assert await waiting


async def test_a_waiter_cancelled_in_the_moment_of_the_hand_over_passes_the_place_on() -> None:
    places = Places(1)
    assert places.take()
    first, second = waiting_for(places), waiting_for(places)
    await settle()
    places.give_back()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second
    places.give_back()
    assert places.in_use == 0


async def test_who_came_first_is_told() -> None:
    places = Places(1)
    assert places.first_came_at(7.0) == 7.0
    tasks = [asyncio.create_task(places.wait(5.0, came_at=came_at)) for came_at in (3.0, 4.0)]
    assert places.take()
    await settle()
    assert places.first_came_at(7.0) == 3.0
    places.give_back()
    assert places.first_came_at(7.0) == 4.0
    places.give_back()
    await asyncio.gather(*tasks)


class PlacesAgainstAModel(RuleBasedStateMachine):
    """The model: a list of those inside, and a list of those who wait, each with the time at which they give up."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.limit = 2
        self.places = Places(self.limit)
        self.inside = 0
        self.line: list[tuple[asyncio.Task[bool], float]] = []
        self.served: list[asyncio.Task[bool]] = []
        self.sent_away: list[asyncio.Task[bool]] = []

    def teardown(self) -> None:
        self.runner.close()

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.runner.run(coroutine)

    @property
    def now(self) -> float:
        return self.runner.get_loop().time()

    def hand_out(self) -> None:
        while self.line and self.inside < self.limit:
            self.inside += 1
            self.served.append(self.line.pop(0)[0])

    @rule(longest_s=st.integers(1, 9))
    def arrive(self, longest_s: int) -> None:
        async def arriving() -> None:
            if self.places.take():
                assert self.inside < self.limit
                self.inside += 1
                return
            assert self.inside >= self.limit
            # A half, so that nobody's time is up in the same moment as something else.
            patience_s = longest_s + 0.5
            self.line.append((asyncio.create_task(self.places.wait(patience_s, self.now)), self.now + patience_s))
            await settle()

        self.run(arriving())

    @precondition(lambda self: self.inside)
    @rule()
    def leave(self) -> None:
        async def leaving() -> None:
            self.places.give_back()
            await settle()

        self.inside -= 1
        self.hand_out()
        self.run(leaving())

    @rule(limit=st.integers(1, 4))
    def resize(self, limit: int) -> None:
        async def resizing() -> None:
            self.places.resize(limit)
            await settle()

        self.limit = limit
        self.hand_out()
        self.run(resizing())

    @precondition(lambda self: self.line)
    @rule(whom=st.integers(0, 9))
    def cancel(self, whom: int) -> None:
        async def cancelling() -> None:
            task.cancel()
            await settle()
            assert task.cancelled()

        task, _ = self.line.pop(whom % len(self.line))
        self.run(cancelling())

    @precondition(lambda self: self.line and self.inside)
    @rule(whom=st.integers(0, 9), cancelled_first=st.booleans())
    def leave_while_somebody_goes_away(self, whom: int, cancelled_first: bool) -> None:
        """Both in one moment, before any waiter's task runs: as if the one who goes had never stood in line."""

        async def both() -> None:
            if cancelled_first:
                task.cancel()
            self.places.give_back()
            task.cancel()
            await settle()
            assert task.cancelled()

        task, _ = self.line.pop(whom % len(self.line))
        self.inside -= 1
        self.hand_out()
        self.run(both())

    @rule(seconds=st.integers(1, 6))
    def let_time_pass(self, seconds: int) -> None:
        until = self.now + seconds
        self.sent_away += [task for task, due in self.line if due < until]
        self.line = [(task, due) for task, due in self.line if due > until]
        self.run(asyncio.sleep(seconds))

    @invariant()
    def nobody_is_lost(self) -> None:
        assert (self.places.in_use, self.places.waiting) == (self.inside, len(self.line))
        assert all(task.done() and task.result() for task in self.served)
        assert all(task.done() and not task.result() for task in self.sent_away)
        assert not any(task.done() for task, _ in self.line)


TestPlacesAgainstAModel = PlacesAgainstAModel.TestCase
TestPlacesAgainstAModel.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
