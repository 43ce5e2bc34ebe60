import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest
from gateway.limits.fair_semaphore import FairSemaphore
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from service_kit.request.clients import Client

from tests.hypothesis_profiles import examples
from tests.unit.gateway.limits.virtual_time import VirtualTimeLoop

Waiter = tuple["asyncio.Task[bool]", float]
USER, OTHER = Client("user:", is_identified=True), Client("other:", is_identified=True)
ANONYMOUS = Client("addr:", is_identified=False)


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def waiting_for(semaphore: FairSemaphore, timeout_s: float = 5.0) -> "asyncio.Task[bool]":
    return asyncio.create_task(semaphore.acquire(timeout_s, queued_at=0.0))


async def test_permits_are_granted_first_come_first_served() -> None:
    semaphore = FairSemaphore(1)
    assert semaphore.try_acquire()
    order: list[int] = []

    async def wait(number: int) -> None:
        assert await semaphore.acquire(5.0, queued_at=0.0)
        order.append(number)
        semaphore.release()

    tasks = [asyncio.create_task(wait(number)) for number in range(5)]
    await settle()
    semaphore.release()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]
    assert (semaphore.in_use, semaphore.waiting) == (0, 0)


async def test_new_request_cannot_overtake_while_a_permit_is_handed_over() -> None:
    semaphore = FairSemaphore(1)
    assert semaphore.try_acquire()
    waiting = waiting_for(semaphore)
    await settle()
    semaphore.release()
    assert not semaphore.try_acquire()
    assert await waiting


async def test_waiter_cancelled_during_the_handover_passes_the_permit_on() -> None:
    semaphore = FairSemaphore(1)
    assert semaphore.try_acquire()
    first, second = waiting_for(semaphore), waiting_for(semaphore)
    await settle()
    semaphore.release()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second
    semaphore.release()
    assert semaphore.in_use == 0


async def test_first_waiter_is_known_by_its_queue_time() -> None:
    semaphore = FairSemaphore(1)
    assert semaphore.first_queued_at(7.0) == 7.0
    tasks = [asyncio.create_task(semaphore.acquire(5.0, queued_at=queued_at)) for queued_at in (3.0, 4.0)]
    assert semaphore.try_acquire()
    await settle()
    assert semaphore.first_queued_at(7.0) == 3.0
    semaphore.release()
    assert semaphore.first_queued_at(7.0) == 4.0
    semaphore.release()
    await asyncio.gather(*tasks)


async def test_clients_take_turns() -> None:
    semaphore = FairSemaphore(1)
    assert semaphore.try_acquire()
    order: list[str] = []

    async def wait(client: Client, number: int) -> None:
        assert await semaphore.acquire(5.0, queued_at=0.0, client=client)
        order.append(f"{client.key}{number}")
        semaphore.release(client)

    arrivals = [(USER, 1), (USER, 2), (USER, 3), (ANONYMOUS, 1), (OTHER, 1), (OTHER, 2)]
    tasks = [asyncio.create_task(wait(*arrival)) for arrival in arrivals]
    await settle()
    semaphore.release()
    await asyncio.gather(*tasks)
    assert order == ["user:1", "addr:1", "other:1", "user:2", "other:2", "user:3"]


async def test_client_gets_no_more_than_its_share() -> None:
    semaphore = FairSemaphore(8)
    assert [semaphore.try_acquire(USER) for _ in range(5)] == [True] * 4 + [False]
    assert [semaphore.try_acquire(ANONYMOUS) for _ in range(3)] == [True] * 2 + [False]
    waiting = asyncio.create_task(semaphore.acquire(5.0, 0.0, USER))
    await settle()
    assert (semaphore.in_use, semaphore.waiting) == (6, 1)
    assert [semaphore.try_acquire(OTHER) for _ in range(3)] == [True] * 2 + [False]
    semaphore.release(ANONYMOUS)
    await settle()
    assert not waiting.done()
    semaphore.release(USER)
    assert await waiting


class SemaphoreAgainstAModel(RuleBasedStateMachine):
    """The model: the permits of each client, and the queues in the order in which the clients have their turns.

    For each client with a queue: its waiters, each with the time of its timeout.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.limit = 2
        self.semaphore = FairSemaphore(self.limit)
        self.inside: Counter[Client | None] = Counter()
        self.lines: list[tuple[Client | None, list[Waiter]]] = []
        self.served: list[asyncio.Task[bool]] = []
        self.timed_out: list[asyncio.Task[bool]] = []

    def teardown(self) -> None:
        self.runner.close()

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.runner.run(coroutine)

    @property
    def now(self) -> float:
        return self.runner.get_loop().time()

    @property
    def waiters(self) -> list[Waiter]:
        return [waiter for _, line in self.lines for waiter in line]

    def may_enter(self, client: Client | None) -> bool:
        share = {None: 1.0, USER: 0.5, OTHER: 0.5, ANONYMOUS: 0.25}[client] * self.limit
        return self.inside.total() < self.limit and self.inside[client] < share

    def grant_to_waiters(self) -> None:
        while (turn := next((turn for turn in self.lines if self.may_enter(turn[0])), None)) is not None:
            client, line = turn
            self.inside[client] += 1
            self.served.append(line.pop(0)[0])
            self.lines.remove(turn)
            if line:
                self.lines.append(turn)

    def remove(self, whom: int) -> asyncio.Task[bool]:
        waiter = self.waiters[whom % len(self.waiters)]
        self.lines = [(client, left) for client, line in self.lines if (left := [w for w in line if w is not waiter])]
        return waiter[0]

    @rule(longest_s=st.integers(1, 9), client=st.sampled_from([None, USER, OTHER, ANONYMOUS]))
    def arrive(self, longest_s: int, client: Client | None) -> None:
        async def arriving() -> None:
            may_enter = self.may_enter(client)
            assert self.semaphore.try_acquire(client) == may_enter
            if may_enter:
                self.inside[client] += 1
                return
            # A half, so that no timeout coincides with another event.
            timeout_s = longest_s + 0.5
            task = asyncio.create_task(self.semaphore.acquire(timeout_s, self.now, client))
            line = next((line for whose, line in self.lines if whose == client), None)
            if line is None:
                self.lines.append((client, [(task, self.now + timeout_s)]))
            else:
                line.append((task, self.now + timeout_s))
            await settle()

        self.run(arriving())

    @precondition(lambda self: self.inside.total())
    @rule(whom=st.integers(0, 9))
    def leave(self, whom: int) -> None:
        client = self.leaver(whom)

        async def leaving() -> None:
            self.semaphore.release(client)
            await settle()

        self.inside[client] -= 1
        self.grant_to_waiters()
        self.run(leaving())

    def leaver(self, whom: int) -> Client | None:
        inside = list(self.inside.elements())
        return inside[whom % len(inside)]

    @rule(limit=st.integers(1, 8))
    def resize(self, limit: int) -> None:
        async def resizing() -> None:
            self.semaphore.resize(limit)
            await settle()

        self.limit = limit
        self.grant_to_waiters()
        self.run(resizing())

    @precondition(lambda self: self.waiters)
    @rule(whom=st.integers(0, 9))
    def cancel(self, whom: int) -> None:
        async def cancelling() -> None:
            task.cancel()
            await settle()
            assert task.cancelled()

        task = self.remove(whom)
        self.run(cancelling())

    @precondition(lambda self: self.waiters and self.inside.total())
    @rule(whom=st.integers(0, 9), leaver=st.integers(0, 9), cancelled_first=st.booleans())
    def release_while_a_waiter_is_cancelled(self, whom: int, leaver: int, cancelled_first: bool) -> None:
        """Both at once, before any waiter's task runs: no permit is lost, none stays free."""
        client = self.leaver(leaver)
        waiters = self.waiters

        async def both() -> None:
            if cancelled_first:
                task.cancel()
            self.semaphore.release(client)
            task.cancel()
            await settle()
            assert task.cancelled()

        self.inside[client] -= 1
        task = self.remove(whom)
        self.run(both())
        # The next waiter may have been the cancelled one: the model takes over which waiter got the permit.
        for other, _ in waiters:
            if other is not task and other.done():
                self.admit(other)

    def admit(self, task: "asyncio.Task[bool]") -> None:
        for client, line in self.lines:
            if any(waiter is task for waiter, _ in line):
                self.inside[client] += 1
                self.served.append(task)
                line[:] = [waiter for waiter in line if waiter[0] is not task]
                self.lines.remove((client, line))
                if line:
                    self.lines.append((client, line))
                return

    @rule(seconds=st.integers(1, 6))
    def let_time_pass(self, seconds: int) -> None:
        until = self.now + seconds
        self.timed_out += [task for task, due in self.waiters if due < until]
        self.lines = [(client, left) for client, line in self.lines if (left := [w for w in line if w[1] > until])]
        self.run(asyncio.sleep(seconds))

    @invariant()
    def no_waiter_is_lost(self) -> None:
        assert (self.semaphore.in_use, self.semaphore.waiting) == (self.inside.total(), len(self.waiters))
        assert self.semaphore.clients_waiting == len(self.lines)
        assert all(task.done() and task.result() for task in self.served)
        assert all(task.done() and not task.result() for task in self.timed_out)
        assert not any(task.done() for task, _ in self.waiters)

    @invariant()
    def no_client_waits_while_a_permit_is_free_for_it(self) -> None:
        assert not any(self.may_enter(client) for client, _ in self.lines)


TestSemaphoreAgainstAModel = SemaphoreAgainstAModel.TestCase
TestSemaphoreAgainstAModel.settings = settings(deadline=None, max_examples=examples(60), stateful_step_count=40)
