"""Tasks that run in the background for as long as the process lives."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from loguru import logger

from service_kit.lifecycle.backoff import Backoff
from service_kit.telemetry.metrics import from_zero, meter

#: The waits before a task that ended is started again (seconds): the first, doubling up to the longest.
_FIRST_RETRY_S = 0.1
_LONGEST_RETRY_S = 30.0
#: A task that has run for so long (seconds) since its last failure is taken to be well again.
_WELL_AFTER_S = 60.0

_failures = meter(__name__).create_counter(
    "headrace.background.failures", unit="{failure}", description="Ends of background tasks, which should never end."
)


class BackgroundTask:
    """A loop that should never end, started again when it does, so that its bugs are not the whole process's end.

    Known troubles, such as a store that is away, are the loop's own business. What reaches this class is unknown: it is
    logged and counted, the loop starts again after a back-off, and readiness shows it for a minute.

    run: makes the loop's coroutine; it is called again after each end.
    """

    def __init__(self, name: str, run: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self.name = name
        self._run = run
        self._backoff = Backoff(_FIRST_RETRY_S, _LONGEST_RETRY_S)
        self._problem = ""
        self._failed_at_s = float("-inf")
        from_zero(_failures, {"task": name})

    @property
    def problem(self) -> str:
        """Why the task ended last, if that was within a minute of its running; otherwise empty."""
        return self._problem if self._is_unwell() else ""

    async def keep_running(self) -> NoReturn:
        """Run the loop, again after each end, until cancelled."""
        while True:
            try:
                await self._run()
                self._ended(None)
            except Exception as exc:  # a loop's unknown error is not the process's end
                self._ended(exc)
            await asyncio.sleep(self._backoff.next_s())

    def _ended(self, exc: Exception | None) -> None:
        if not self._is_unwell():
            self._backoff.succeeded()
        self._failed_at_s = time.monotonic()
        self._problem = type(exc).__name__ if exc is not None else "returned"
        _failures.add(1, {"task": self.name})
        logger.bind(task=self.name).opt(exception=exc).error("background task ended, and is started again")

    def _is_unwell(self) -> bool:
        return time.monotonic() - self._failed_at_s < _WELL_AFTER_S
