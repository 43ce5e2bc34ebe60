"""Background tasks that run until the process ends."""

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
#: A task that has run for so long (seconds) since its last failure counts as recovered.
_RECOVERED_AFTER_S = 60.0

_failures = meter(__name__).create_counter(
    "headrace.background.failures", unit="{failure}", description="Ends of background tasks, which should never end."
)


class BackgroundTask:
    """A loop that should never end, restarted when it does, so that a bug in it does not end the process.

    The loop handles known failures itself, such as an unreachable store. An unknown one is logged and counted, the loop
    restarts after a back-off, and readiness shows the failure for a minute.

    run: returns the loop's coroutine; called for each start.
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
        """The reason of the latest end, if it was within the last minute of running; otherwise empty."""
        return self._problem if self._failed_recently() else ""

    async def keep_running(self) -> NoReturn:
        """Runs the loop, again after each end, until cancelled."""
        while True:
            try:
                await self._run()
                self._ended(None)
            except Exception as exc:  # a loop's unknown error must not end the process
                self._ended(exc)
            await asyncio.sleep(self._backoff.next_s())

    def _ended(self, exc: Exception | None) -> None:
        if not self._failed_recently():
            self._backoff.succeeded()
        self._failed_at_s = time.monotonic()
        self._problem = type(exc).__name__ if exc is not None else "returned"
        _failures.add(1, {"task": self.name})
        logger.bind(task=self.name).opt(exception=exc).error("background task ended and will be restarted")

    def _failed_recently(self) -> bool:
        return time.monotonic() - self._failed_at_s < _RECOVERED_AFTER_S
