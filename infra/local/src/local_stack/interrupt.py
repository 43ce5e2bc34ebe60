"""Interruption by Ctrl-C, SIGTERM, or the end of the terminal."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine

#: One Ctrl-C may arrive twice, from the terminal and from `just`; a signal after this time counts as a second one.
_SAME_PRESS_S = 1.0
EXIT_CODE = 130


class Interrupt:
    """The first signal requests a graceful stop; a second one calls ``kill`` and exits."""

    def __init__(self, kill: Callable[[], None]) -> None:
        """Installs the signal handlers in the running event loop."""
        self._kill = kill
        self._loop = asyncio.get_running_loop()
        self._requested_s: float | None = None
        self._requested = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._loop.add_signal_handler(number, self._on_signal)

    @property
    def requested(self) -> bool:
        """Whether a stop was requested."""
        return self._requested.is_set()

    async def run_unless_requested(self, work: Coroutine[None, None, None]) -> None:
        """Runs the work to its end, or cancels it when a stop is requested; raises what the work raises."""
        task = asyncio.ensure_future(work)
        request = asyncio.ensure_future(self._requested.wait())
        await asyncio.wait({task, request}, return_when=asyncio.FIRST_COMPLETED)
        request.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.result()

    def _on_signal(self) -> None:
        if self._requested_s is None:
            self._requested_s = self._loop.time()
            self._requested.set()
        elif self._loop.time() - self._requested_s > _SAME_PRESS_S:
            self._kill()
            os._exit(EXIT_CODE)
