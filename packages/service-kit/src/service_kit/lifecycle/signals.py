"""SIGTERM and SIGINT: the first asks to stop, the second insists."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

from loguru import logger

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """Waits for the signal to stop, and sees to it that the process does end after it.

    on_first: called when the first signal has come. stopping: set from then on.
    limit_s: the process ends this long (seconds) after `begin_countdown` was called, even if its event loop hangs.
    """

    def __init__(self, limit_s: float, on_first: Callable[[], None]) -> None:
        self.stopping = asyncio.Event()
        self._limit_s = limit_s
        self._on_first = on_first
        self._done = threading.Event()

    def install(self) -> None:
        """Take both signals over, from the event loop of this thread."""
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, self._received, number)

    def uninstall(self) -> None:
        """Give both signals back, and call the countdown off."""
        self._done.set()
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)

    def begin_countdown(self) -> None:
        """From here on the process has ``limit_s`` seconds to live."""
        threading.Thread(target=self._enforce, name="stop-countdown", daemon=True).start()

    def _received(self, number: signal.Signals) -> None:
        if self.stopping.is_set():
            logger.warning("{} again: exiting at once", number.name)
            _exit(128 + number)
        logger.info("{}: draining", number.name)
        self.stopping.set()
        self._on_first()

    def _enforce(self) -> None:
        # A thread, for an event loop that is blocked does not get to its own timers.
        if not self._done.wait(self._limit_s):
            logger.error("not stopped {:g} s after being asked to: exiting at once", self._limit_s)
            _exit(1)


def _exit(code: int) -> None:
    sys.stdout.flush()
    os._exit(code)
