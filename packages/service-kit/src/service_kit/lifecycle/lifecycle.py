"""The lifecycle of one process."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self, TypeVar

from loguru import logger

from service_kit.lifecycle.background import BackgroundTask
from service_kit.lifecycle.readiness import Readiness
from service_kit.lifecycle.shutdown import ClosingStack, Drain, drain_all
from service_kit.lifecycle.signals import StopSignals

T = TypeVar("T")

#: The time for closing (seconds), in addition to that for draining; then the process exits, closed or not.
_CLOSING_S = 0.8


class ProcessFailedError(Exception):
    """The process cannot start. The cause has been logged; the process exits with 1."""


class Lifecycle:
    """Starts the components of a process, serves until a signal, drains, and closes in the reverse order.

        async with Lifecycle(drain_s=settings.drain_s) as lifecycle:
            pool = await lifecycle.enter("postgres", open_pool(settings.database_url))
            server = await lifecycle.enter("grpc", GrpcServer(...))
            lifecycle.on_drain("grpc", server.drain)
            lifecycle.start("key-set", keys.keep_fresh)
            await lifecycle.run()

    A signal during the start, too, shuts the process down gracefully: what has been started by then drains and closes.

    drain_s: the longest time (seconds) for requests in flight after a stop signal; the process exits at most 1 s later.
    readiness: not ready before `run` and from the drain on.
    """

    def __init__(self, drain_s: float = 10.0) -> None:
        self.readiness = Readiness()
        self.readiness.add("lifecycle", self._check_started)
        self.readiness.add("background", self._check_background, required=False)
        self._drain_s = drain_s
        self._running = False
        self._due: float | None = None
        self._closing = ClosingStack()
        self._drains: dict[str, Drain] = {}
        self._signals = StopSignals(drain_s + _CLOSING_S + 0.1, self._stop)
        self._task: asyncio.Task[Any] | None = None
        self._background: list[BackgroundTask] = []

    async def __aenter__(self) -> Self:
        # Before anything is entered: once a port is open, the process can be found and signalled.
        self._signals.install()
        self._task = asyncio.current_task()
        return self

    async def enter(self, name: str, context: AbstractAsyncContextManager[T]) -> T:
        """Enters ``context`` until the process ends.

        Raises:
            ProcessFailedError: It could not be entered; the cause has been logged.
        """
        try:
            value = await context.__aenter__()
        except Exception as exc:
            logger.bind(component=name, error=str(exc)).opt(exception=exc).critical("component cannot start")
            raise ProcessFailedError(f"{name} cannot start") from exc
        self._closing.push(name, lambda: context.__aexit__(None, None, None))
        return value

    def on_drain(self, name: str, drain: Drain) -> None:
        """Registers ``drain``, which is called at a stop signal with the seconds left; all drains run concurrently."""
        self._drains[name] = drain

    def start(self, name: str, run: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Runs ``run`` as a background task until the process ends.

        The task should never end. If it raises or returns, that is logged, counted and shown by readiness, and ``run``
        is called again after a back-off.
        """
        background = BackgroundTask(name, run)
        self._background.append(background)
        task = asyncio.create_task(background.keep_running(), name=name)
        self._closing.push(name, lambda: _cancel(task))

    async def run(self) -> None:
        """Serves until SIGTERM or SIGINT, then drains. A second signal exits at once with 128 + its number."""
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
        """Cancels the start if it is not complete: what has been entered by then drains and closes."""
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
    """Exempts the objects of the start from garbage collection: they stay, and are most of a full collection's work.

    The youngest generation is collected by number of allocations, and one request makes hundreds that reference
    counting frees; a threshold ten times the default costs little memory.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(7_000, 10, 10)


async def _cancel(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    # asyncio.wait does not raise the task's CancelledError.
    await asyncio.wait([task])
