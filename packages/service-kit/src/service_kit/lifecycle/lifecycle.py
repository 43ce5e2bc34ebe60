"""The life of one process."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self, TypeVar

from loguru import logger

from service_kit.lifecycle.background import BackgroundTask
from service_kit.lifecycle.closing import Closing
from service_kit.lifecycle.draining import Drain, drain_all
from service_kit.lifecycle.problems import ProcessFailedError
from service_kit.lifecycle.readiness import Readiness
from service_kit.lifecycle.signals import StopSignals

T = TypeVar("T")

#: What closing may add (seconds) to the time that draining has; then the process ends, closed or not.
_CLOSING_S = 0.8


class Lifecycle:
    """Starts what a process is made of, serves until a signal, drains, and closes in the reverse order.

        async with Lifecycle(drain_s=settings.drain_s) as lifecycle:
            pool = await lifecycle.enter("postgres", open_pool(settings.database_url))
            server = await lifecycle.enter("grpc", GrpcServer(...))
            lifecycle.on_drain("grpc", server.drain)
            lifecycle.start("key-set", keys.keep_fresh)
            await lifecycle.run()

    From its first moment a signal ends the process in good order: what has been started by then drains and closes.

    drain_s: how long (seconds) requests in flight may take once the process is to stop; it ends at most 1 s later.
    readiness: not ready before `run` and once the process drains.
    """

    def __init__(self, drain_s: float = 10.0) -> None:
        self.readiness = Readiness()
        self.readiness.add("lifecycle", self._check_started)
        self.readiness.add("background", self._check_background, required=False)
        self._drain_s = drain_s
        self._running = False
        self._due: float | None = None
        self._closing = Closing()
        self._drains: dict[str, Drain] = {}
        self._signals = StopSignals(drain_s + _CLOSING_S + 0.1, self._stop)
        self._task: asyncio.Task[Any] | None = None
        self._background: list[BackgroundTask] = []

    async def __aenter__(self) -> Self:
        # Before anything is entered: once a port is open, the process can be seen, and asked to end.
        self._signals.install()
        self._task = asyncio.current_task()
        return self

    async def enter(self, name: str, context: AbstractAsyncContextManager[T]) -> T:
        """Enter ``context`` until the process ends. ProcessFailedError: it could not be entered, which is logged."""
        try:
            value = await context.__aenter__()
        except Exception as exc:
            logger.opt(exception=exc).critical("{} cannot start: {}", name, exc)
            raise ProcessFailedError(f"{name} cannot start") from exc
        self._closing.push(name, lambda: context.__aexit__(None, None, None))
        return value

    def on_drain(self, name: str, drain: Drain) -> None:
        """Call ``drain`` with the seconds left, once the process is to stop; all drains run at once."""
        self._drains[name] = drain

    def start(self, name: str, run: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Run what ``run`` returns in the background until the process ends.

        It should not end by itself: when it does, by an exception or by returning, that is logged, counted and shown by
        readiness, and ``run`` is called again after a back-off.
        """
        background = BackgroundTask(name, run)
        self._background.append(background)
        task = asyncio.create_task(background.keep_running(), name=name)
        self._closing.push(name, lambda: _cancel(task))

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain. A second signal ends the process at once: 128 + its number."""
        self._running = True
        _settle_memory()
        logger.info("ready")
        await self._signals.stopping.wait()
        await self._drain()

    async def __aexit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        is_stopped_early = kind is asyncio.CancelledError and self._signals.stopping.is_set() and not self._running
        if is_stopped_early and self._task is not None:
            self._task.uncancel()
            await self._drain()
        self.readiness.draining = True
        await self._closing.close(self._due)
        self._signals.uninstall()
        if self._running or is_stopped_early:
            logger.info("stopped")
        return is_stopped_early

    def _stop(self) -> None:
        """Give the start up, if it is not over: what has been entered by then drains and closes."""
        if not self._running and self._task is not None:
            self._task.cancel()

    async def _drain(self) -> None:
        self.readiness.draining = True
        self._due = time.monotonic() + self._drain_s + _CLOSING_S
        self._signals.begin_countdown()
        await drain_all(self._drains, self._drain_s)

    async def _check_started(self) -> None:
        if not self._running:
            raise RuntimeError("starting")

    async def _check_background(self) -> None:
        problems = [f"{task.name}: {task.problem}" for task in self._background if task.problem]
        if problems:
            raise RuntimeError("started again after " + ", ".join(problems))


def _settle_memory() -> None:
    """Spare the collector what was made at start and stays: it is most of what a full collection would walk through.

    Collections of the youngest follow the number of allocations, and one request makes hundreds that all go by
    reference counting; ten times the usual distance between them costs little memory.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(7_000, 10, 10)


async def _cancel(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    # Waited for, not awaited: that it was cancelled is no news.
    await asyncio.wait([task])
