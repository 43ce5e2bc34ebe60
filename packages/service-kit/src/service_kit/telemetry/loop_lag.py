"""How late the event loop is: what everything in the process waits for, when one thing does not let go of it."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service_kit.telemetry.seconds_histogram import seconds_histogram

_lateness = seconds_histogram("headrace.event_loop.lag", "How much later than asked for the event loop came back")

#: How often (seconds) the loop is looked at, and how long a look is remembered.
_EVERY_S = 0.5
WINDOW_S = 60.0


class LoopLag:
    """Looks twice a second how much later than asked for the loop comes back; sees all that blocks it for longer."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque(maxlen=int(WINDOW_S / _EVERY_S))

    @property
    def last_s(self) -> float:
        """The lateness (seconds) of the last look; 0 before the first."""
        return self._seen[-1][1] if self._seen else 0.0

    @property
    def worst_s(self) -> float:
        """The greatest lateness (seconds) of the last WINDOW_S."""
        return self.worst_within_s(WINDOW_S)

    def worst_within_s(self, window_s: float) -> float:
        """The same of the last ``window_s``, up to WINDOW_S."""
        since = time.monotonic() - window_s
        return max((late_s for at, late_s in self._seen if at >= since), default=0.0)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look on inside the `async with`."""
        watching = asyncio.create_task(self._watch(), name="loop-lag")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    async def _watch(self) -> None:
        while True:
            asked = time.monotonic()
            await asyncio.sleep(_EVERY_S)
            now = time.monotonic()
            # Timers of the loop count in whole milliseconds, and may be early by one.
            late_s = max(0.0, now - asked - _EVERY_S)
            self._seen.append((now, late_s))
            _lateness.record(late_s)
