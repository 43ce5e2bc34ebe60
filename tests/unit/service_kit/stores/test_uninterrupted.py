"""An uninterrupted coroutine completes, however often its caller is cancelled."""

import asyncio

import pytest
from service_kit.stores.uninterrupted import uninterrupted


async def test_uninterrupted_returns_the_result_of_a_coroutine_that_waits() -> None:
    async def after_a_while() -> int:
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await asyncio.sleep(0.001)
        return 7

    assert await uninterrupted(after_a_while()) == 7


async def test_uninterrupted_raises_what_the_coroutine_raises() -> None:
    async def fails(*, waits: bool) -> None:
        if waits:
            await asyncio.sleep(0)
        raise LookupError

    for waits in (False, True):
        with pytest.raises(LookupError):
            await uninterrupted(fails(waits=waits))


async def test_cancelled_caller_gets_its_cancellation_after_the_coroutine_has_ended() -> None:
    gate, ended = asyncio.Event(), False

    async def guarded() -> None:
        nonlocal ended
        await gate.wait()
        await asyncio.sleep(0)
        ended = True

    caller = asyncio.create_task(uninterrupted(guarded()))
    for _ in range(3):
        await asyncio.sleep(0)
        caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()

    gate.set()

    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended


async def test_contended_lock_is_released_when_callers_are_cancelled() -> None:
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
