"""The lifecycle of a process: order, signals, drains, failures."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from service_kit.lifecycle import Lifecycle, ProcessFailedError


@asynccontextmanager
async def part(name: str, events: list[str], closing_s: float = 0.0) -> AsyncIterator[str]:
    events.append(f"+{name}")
    try:
        yield name
    finally:
        await asyncio.sleep(closing_s)
        events.append(f"-{name}")


def signal_soon(number: signal.Signals = signal.SIGTERM) -> None:
    asyncio.get_running_loop().call_later(0.02, os.kill, os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_then_closes_in_reverse_order(number: signal.Signals) -> None:
    events: list[str] = []
    async with Lifecycle(drain_s=5) as life:
        assert await life.enter("a", part("a", events)) == "a"
        await life.enter("b", part("b", events))

        async def drain(left_s: float) -> None:
            assert 4 < left_s <= 5
            assert life.readiness.draining
            events.append("drain")

        life.on_drain("b", drain)
        signal_soon(number)
        await life.run()
    assert events == ["+a", "+b", "drain", "-b", "-a"]


async def test_a_signal_while_it_starts_drains_and_closes_what_has_started() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def slow() -> AsyncIterator[None]:
        try:
            await asyncio.sleep(60)
            yield
        finally:
            events.append("slow gave up")

    async def drain(_left_s: float) -> None:
        events.append("drain")

    async with Lifecycle(drain_s=5) as life:
        await life.enter("a", part("a", events))
        life.on_drain("a", drain)
        signal_soon()
        await life.enter("slow", slow())
        events.append("never")
    assert events == ["+a", "slow gave up", "drain", "-a"]
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]


async def test_signal_is_handled_from_the_first_component_on() -> None:
    events: list[str] = []
    async with Lifecycle() as life:
        await life.enter("a", part("a", events))
        os.kill(os.getpid(), signal.SIGTERM)
        await life.enter("b", part("b", events))
        await life.run()
    assert events[0] == "+a"
    assert events[-1] == "-a"


async def test_ready_only_while_running() -> None:
    life = Lifecycle()
    assert (await life.readiness.report()).checks["lifecycle"].reason == "RuntimeError: starting"
    async with life:
        running = asyncio.create_task(life.run())
        await asyncio.sleep(0)
        assert (await life.readiness.report()).ready
        signal_soon()
        await running
        assert not (await life.readiness.report()).ready


async def test_drains_run_concurrently_and_within_their_time() -> None:
    ended: list[str] = []

    async def drain(_left_s: float) -> None:
        await asyncio.sleep(0.1)
        ended.append("in time")

    async def hang(_left_s: float) -> None:
        await asyncio.sleep(60)

    async def fail(_left_s: float) -> None:
        raise OSError("gone")

    began = time.monotonic()
    async with Lifecycle(drain_s=0.3) as life:
        life.on_drain("hanging", hang)
        life.on_drain("failing", fail)
        life.on_drain("a", drain)
        life.on_drain("b", drain)
        signal_soon()
        await life.run()
    assert ended == ["in time", "in time"]
    assert 0.3 <= time.monotonic() - began < 1


async def test_a_close_that_hangs_or_fails_does_not_keep_the_others_from_closing() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def failing() -> AsyncIterator[None]:
        yield
        raise OSError("gone")

    began = time.monotonic()
    async with Lifecycle(drain_s=0.1) as life:
        await life.enter("a", part("a", events))
        await life.enter("hanging", part("hanging", events, closing_s=60))
        await life.enter("failing", failing())
        signal_soon()
        await life.run()
    assert events == ["+a", "+hanging", "-a"]
    assert time.monotonic() - began < 1.1


async def test_failed_start_closes_the_started_components() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def refused() -> AsyncIterator[None]:
        raise ConnectionRefusedError("postgres")
        yield

    async def process() -> None:
        async with Lifecycle() as life:
            await life.enter("a", part("a", events))
            await life.enter("postgres", refused())

    with pytest.raises(ProcessFailedError) as caught:
        await process()
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert events == ["+a", "-a"]


async def die() -> None:
    await asyncio.sleep(0.01)
    raise OSError("gone")


async def end() -> None:
    return


@pytest.mark.parametrize(("death", "reason"), [(die, "OSError"), (end, "returned")])
async def test_background_task_that_ends_is_restarted(
    death: Callable[[], Coroutine[Any, Any, None]], reason: str
) -> None:
    started = asyncio.Queue[int]()

    async def work() -> None:
        started.put_nowait(started.qsize())
        await death()

    async with Lifecycle(drain_s=5) as life:
        life.start("renewal", work)
        running = asyncio.create_task(life.run())
        for _ in range(3):
            await started.get()
        report = await life.readiness.report()
        assert report.ready
        background = report.checks["background"]
        assert (background.ok, background.required) == (False, False)
        assert background.reason == f"RuntimeError: started again after renewal: {reason}"
        signal_soon()
        await running


async def test_running_background_task_is_not_reported() -> None:
    async with Lifecycle(drain_s=5) as life:
        life.start("renewal", asyncio.Event().wait)
        await asyncio.sleep(0)
        assert (await life.readiness.report()).checks["background"].ok


async def test_background_tasks_are_cancelled_before_their_dependencies_close() -> None:
    events: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            events.append("-work")

    async with Lifecycle(drain_s=1) as life:
        await life.enter("a", part("a", events))
        life.start("work", work)
        await life.enter("b", part("b", events))
        signal_soon()
        await life.run()
    assert events == ["+a", "+b", "-b", "-work", "-a"]


async def test_signal_handlers_are_removed_at_the_end() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with Lifecycle(drain_s=1) as life:
        signal_soon()
        await life.run()
    assert signal.getsignal(signal.SIGTERM) == before
