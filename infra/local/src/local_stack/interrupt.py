"""Ctrl-C, SIGTERM, or the end of the terminal."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine

#: One Ctrl-C may arrive twice, from the terminal and from the program that runs us; a second one comes later.
_SAME_PRESS_S = 1.0
EXIT_CODE = 130


class Interrupt:
    """A wish to end, as something to wait for. Whoever repeats it has no patience left, and gets ``at_once``."""

    def __init__(self, at_once: Callable[[], None]) -> None:
        """Listen for the signals, in the running event loop."""
        self._at_once = at_once
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._came = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._loop.add_signal_handler(number, self._on_signal)

    @property
    def came(self) -> bool:
        """Whether the wish was uttered."""
        return self._came.is_set()

    async def during(self, work: Coroutine[None, None, None]) -> None:
        """Do the work until it is done, or until the wish comes, which cancels it.

        Whatever the work raises is raised here.
        """
        task = asyncio.ensure_future(work)
        wish = asyncio.ensure_future(self._came.wait())
        await asyncio.wait({task, wish}, return_when=asyncio.FIRST_COMPLETED)
        wish.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.result()

    def _on_signal(self) -> None:
        if self._since is None:
            self._since = self._loop.time()
            self._came.set()
        elif self._loop.time() - self._since > _SAME_PRESS_S:
            self._at_once()
            os._exit(EXIT_CODE)
