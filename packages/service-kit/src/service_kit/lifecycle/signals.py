"""SIGTERM and SIGINT: the first one begins a graceful shutdown, the second exits at once."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

from loguru import logger

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """Handles stop signals, and bounds the time that the process has after the first one.

    on_first: called at the first signal. stopping: set from then on.
    limit_s: the process exits this long (seconds) after `begin_countdown`, even if its event loop is blocked.
    """

    def __init__(self, limit_s: float, on_first: Callable[[], None]) -> None:
        self.stopping = asyncio.Event()
        self._limit_s = limit_s
        self._on_first = on_first
        self._done = threading.Event()

    def install(self) -> None:
        """Installs the handlers in the event loop of this thread."""
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, self._received, number)

    def uninstall(self) -> None:
        """Removes the handlers, and ends the countdown."""
        self._done.set()
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)

    def begin_countdown(self) -> None:
        """Exits the process in ``limit_s`` seconds, unless `uninstall` is called before."""
        threading.Thread(target=self._enforce, name="stop-countdown", daemon=True).start()

    def _received(self, number: signal.Signals) -> None:
        if self.stopping.is_set():
            logger.bind(signal=number.name).warning("second stop signal, exiting at once")
            _exit(128 + number)
        logger.bind(signal=number.name).info("draining")
        self.stopping.set()
        self._on_first()

    def _enforce(self) -> None:
        # In a thread, because a blocked event loop does not run its timers.
        if not self._done.wait(self._limit_s):
            logger.bind(limit_s=round(self._limit_s, 1)).error("shutdown timed out, exiting at once")
            _exit(1)


def _exit(code: int) -> None:
    sys.stdout.flush()
    os._exit(code)
