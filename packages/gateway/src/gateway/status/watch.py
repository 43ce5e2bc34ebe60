"""Reads the metrics of this process for the status page: every 5 s, and every second while a client polls."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from service_kit.telemetry.loop_lag import LoopLag

from gateway.status.change import Change
from gateway.status.point import CHARTED, Point, point
from gateway.status.reading import Reading, Sample

#: Metrics are read no more often (seconds), however many clients ask.
EVERY_S = 1.0
#: And no less often, so that the charts have a past at the first request. A reading costs as much as a scrape.
HISTORY_EVERY_S = 5.0
#: Rates and quantiles are of the last so many seconds: one second has too few requests for a quantile.
WINDOW_S = 5.0
#: How far back (seconds) the charts go.
HISTORY_S = 120.0
#: A client that has not polled for so long (seconds) has gone.
_GONE_S = 10.0
#: After a gap of so many seconds, such as a suspended process, the charts begin anew.
_GAP_S = 30.0


@dataclass(frozen=True, slots=True)
class View:
    """The data of the page. points: the past of the charts, oldest first, each with its time (monotonic, seconds)."""

    change: Change
    points: tuple[tuple[float, Point], ...]


class Watch:
    """Keeps the recent past: a poll reads the metrics, at most every EVERY_S, and adds a point to the charts.

    samples: reads the metrics.
    """

    def __init__(
        self, samples: Callable[[], Iterable[Sample]], lag: LoopLag, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._samples = samples
        self._lag = lag
        self._now = now
        self._readings: deque[Reading] = deque()
        self._past: Reading | None = None
        self._points: deque[tuple[float, Point]] = deque()

    async def keep_history(self) -> None:
        """Adds a point every HISTORY_EVERY_S seconds, for as long as the process runs."""
        while True:
            self.note_past()
            await asyncio.sleep(HISTORY_EVERY_S)

    def note_past(self) -> None:
        """Adds a point to the charts, unless a client polls; keeps only the metrics that the charts show."""
        now = self._now()
        self._begin_anew_after_a_gap(now)
        if self._points and now - self._points[-1][0] < EVERY_S:
            return
        reading = Reading.of((sample for sample in self._samples() if sample[0] in CHARTED), now)
        self._add_point(Change(self._past or reading, reading))
        self._past = reading

    def look(self) -> View:
        """Returns the present and the recent past; the same for all polls within EVERY_S."""
        now = self._now()
        self._begin_anew_after_a_gap(now)
        since_s = now - self._readings[-1].at_s if self._readings else _GONE_S
        if since_s >= EVERY_S:
            if since_s >= _GONE_S:
                self._readings.clear()
            self._read(now)
        return View(self._change(), tuple(self._points))

    def _read(self, now: float) -> None:
        self._readings.append(Reading.of(self._samples(), now))
        # Of the readings that are old enough to begin the window, the newest stays.
        while len(self._readings) > 2 and now - self._readings[1].at_s >= WINDOW_S:
            self._readings.popleft()
        self._add_point(self._change())

    def _add_point(self, change: Change) -> None:
        now = change.after.at_s
        self._points.append((now, point(change, self._lag)))
        while now - self._points[0][0] > HISTORY_S:
            self._points.popleft()

    def _begin_anew_after_a_gap(self, now: float) -> None:
        if self._points and now - self._points[-1][0] >= _GAP_S:
            self._readings.clear()
            self._points.clear()
            self._past = None

    def _change(self) -> Change:
        return Change(self._readings[0], self._readings[-1])
