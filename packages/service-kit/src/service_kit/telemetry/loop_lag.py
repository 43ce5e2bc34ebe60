"""The lag of the event loop: how long all tasks wait when one of them blocks it."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service_kit.telemetry.seconds_histogram import seconds_histogram

_lag = seconds_histogram("headrace.event_loop.lag", "Delay of a timer of the event loop")

#: The interval of measurements (seconds), and how long they are kept.
_EVERY_S = 0.5
WINDOW_S = 60.0


class LoopLag:
    """Measures twice a second by how much a timer of the loop is late; it sees every block of half a second or more."""

    def __init__(self) -> None:
        self._measured: deque[tuple[float, float]] = deque(maxlen=int(WINDOW_S / _EVERY_S))

    @property
    def last_s(self) -> float:
        """The latest lag (seconds); 0 before the first measurement."""
        return self._measured[-1][1] if self._measured else 0.0

    @property
    def worst_s(self) -> float:
        """The greatest lag (seconds) of the last WINDOW_S."""
        return self.worst_within_s(WINDOW_S)

    def worst_within_s(self, window_s: float) -> float:
        """Returns the greatest lag (seconds) of the last ``window_s``, at most WINDOW_S."""
        since = time.monotonic() - window_s
        return max((lag_s for at, lag_s in self._measured if at >= since), default=0.0)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Measures inside the `async with`."""
        watching = asyncio.create_task(self._watch(), name="loop-lag")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    async def _watch(self) -> None:
        while True:
            began_s = time.monotonic()
            await asyncio.sleep(_EVERY_S)
            now_s = time.monotonic()
            # Timers of uvloop have a resolution of 1 ms, and may be early by as much.
            lag_s = max(0.0, now_s - began_s - _EVERY_S)
            self._measured.append((now_s, lag_s))
            _lag.record(lag_s)
