"""What must reach its end does, however often its caller is cancelled."""

import asyncio

import pytest
from service_kit.stores.uninterrupted import uninterrupted


async def test_what_need_not_wait_runs_in_the_callers_task() -> None:
    async def at_once() -> "asyncio.Task[object] | None":
        return asyncio.current_task()

    assert await uninterrupted(at_once()) is asyncio.current_task()


async def test_what_waits_is_waited_for() -> None:
    async def after_a_while() -> int:
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await asyncio.sleep(0.001)
        return 7

    assert await uninterrupted(after_a_while()) == 7


async def test_its_errors_are_the_callers() -> None:
    async def fails(*, waits: bool) -> None:
        if waits:
            await asyncio.sleep(0)
        raise LookupError

    for waits in (False, True):
        with pytest.raises(LookupError):
            await uninterrupted(fails(waits=waits))


async def test_a_cancelled_caller_is_told_at_the_end() -> None:
    door, ended = asyncio.Event(), False

    async def guarded() -> None:
        nonlocal ended
        await door.wait()
        await asyncio.sleep(0)
        ended = True

    caller = asyncio.create_task(uninterrupted(guarded()))
    for _ in range(3):
        await asyncio.sleep(0)
        caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()

    door.set()

    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended


async def test_a_lock_that_others_wait_for_is_left_as_it_should_be() -> None:
    lock, given_back = asyncio.Lock(), 0

    async def give_back() -> None:
        nonlocal given_back
        async with lock:
            await asyncio.sleep(0)
            given_back += 1

    callers = [asyncio.create_task(uninterrupted(give_back())) for _ in range(100)]
    for number, caller in enumerate(callers):
        if number % 7 == 0:
            await asyncio.sleep(0)
        caller.cancel()
    await asyncio.wait(callers)

    # Those that were cancelled before they began have not begun.
    begun = sum(1 for caller in callers if not caller.cancelled()) or given_back
    assert given_back >= begun
    assert not lock.locked()
