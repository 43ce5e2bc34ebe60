"""Reads the metrics of this process for the status page: every few seconds, and each second while it is looked at."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from service_kit.loop_lag import LoopLag

from gateway.status.change import Change
from gateway.status.point import Point, point
from gateway.status.reading import Reading, Sample

#: Metrics are read no more often (seconds), however many clients ask.
EVERY_S = 1.0
#: And no less often, so that the charts show what was before the first look. A reading costs what a scrape costs.
HISTORY_EVERY_S = 5.0
#: Rates and quantiles are of the last so many seconds: one second has too few requests for a quantile.
WINDOW_S = 5.0
#: How far back (seconds) the charts go.
HISTORY_S = 120.0
#: After a gap of so many seconds, such as a suspended process, the charts begin anew.
_GAP_S = 30.0


@dataclass(frozen=True, slots=True)
class View:
    """What there is to see. points: the past of the charts, oldest first, each with its time (monotonic, seconds)."""

    change: Change
    points: tuple[tuple[float, Point], ...]


class Watch:
    """Keeps the recent past: each look that comes late enough reads the metrics, and adds a point to the charts.

    samples: reads the metrics.
    """

    def __init__(
        self, samples: Callable[[], Iterable[Sample]], lag: LoopLag, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._samples = samples
        self._lag = lag
        self._now = now
        self._readings: deque[Reading] = deque()
        self._points: deque[tuple[float, Point]] = deque()

    async def keep_history(self) -> None:
        """Looks every HISTORY_EVERY_S seconds, for as long as the process runs."""
        while True:
            self.look()
            await asyncio.sleep(HISTORY_EVERY_S)

    def look(self) -> View:
        """Returns the present and the recent past; the same to every client that asks within EVERY_S of another."""
        now = self._now()
        since_s = now - self._readings[-1].at_s if self._readings else _GAP_S
        if since_s >= EVERY_S:
            if since_s >= _GAP_S:
                self._readings.clear()
                self._points.clear()
            self._read(now)
        return View(self._change(), tuple(self._points))

    def _read(self, now: float) -> None:
        self._readings.append(Reading.of(self._samples(), now))
        # Of those that are old enough to begin the window, the youngest stays.
        while len(self._readings) > 2 and now - self._readings[1].at_s >= WINDOW_S:
            self._readings.popleft()
        self._points.append((now, point(self._change(), self._lag)))
        while now - self._points[0][0] > HISTORY_S:
            self._points.popleft()

    def _change(self) -> Change:
        return Change(self._readings[0], self._readings[-1])
