"""Looks at the metrics while somebody looks at the page, and at no other time."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from service_kit.loop_lag import LoopLag

from gateway.status.change import Change
from gateway.status.point import Point, point
from gateway.status.reading import Reading, Sample

#: Metrics are read no more often (seconds), however many look on.
EVERY_S = 1.0
#: Rates and quantiles are of the last so many seconds: one second has too few requests for a quantile.
WINDOW_S = 5.0
#: How far back (seconds) the charts go.
HISTORY_S = 120.0
#: Nobody has asked for so long (seconds): nobody looks, and who does next begins with empty charts.
_GONE_S = 10.0


@dataclass(frozen=True, slots=True)
class View:
    """What there is to see. points: the past of the charts, oldest first, each with its time (monotonic, seconds)."""

    change: Change
    points: tuple[tuple[float, Point], ...]


class Watch:
    """Has no task and no timer: each look that comes late enough reads the metrics, and adds a point to the charts.

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

    def look(self) -> View:
        """The present and the recent past. Whoever asks within EVERY_S of another is shown the same."""
        now = self._now()
        since_s = now - self._readings[-1].at_s if self._readings else _GONE_S
        if since_s >= EVERY_S:
            if since_s >= _GONE_S:
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
