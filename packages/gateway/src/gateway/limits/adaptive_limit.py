"""A concurrency limit that adapts to the latency of requests."""

from math import isqrt

_WINDOW_S = 0.05
_MIN_SAMPLES = 16
_SHRINK = 0.75
_INITIAL_LIMIT = 32


class AdaptiveLimit:
    """Additive increase, multiplicative decrease (Chiu and Jain, 1989), on samples that are slow or not.

    If more than half of a window's requests were slow, the limit becomes three quarters of the peak concurrency. If
    not, and a request found no permit, it grows by its square root; at first, and from the floor, it doubles (slow
    start). Neither chance nor a few requests that are slow for their own reasons make a majority. After a change,
    samples are ignored until the running requests can be assumed to have started under the new limit.

    Args:
        floor: the lowest limit.
        ceiling: the highest limit.

    Raises:
        ValueError: the floor is below 1, or above the ceiling.
    """

    def __init__(self, floor: int, ceiling: int) -> None:
        if not 1 <= floor <= ceiling:
            raise ValueError("an adaptive limit needs a floor of at least 1, and a ceiling that is no lower")
        self.floor = floor
        self.ceiling = ceiling
        self.limit = min(ceiling, max(floor, _INITIAL_LIMIT))
        #: The last window was slow at the floor: concurrency is not the cause.
        self.is_slow_at_floor = False
        self._slow_start = True
        self._changed_at = self._began_at = float("-inf")
        self._samples = self._slow = self._peak_in_use = 0
        self._has_demand = False

    def note_demand(self) -> None:
        """Records that a request found no permit."""
        self._has_demand = True

    def sample(self, *, slow: bool, in_use: int, mean_s: float, now: float) -> bool:
        """Records one request, and adapts the limit at the end of a window. Returns whether a window has ended.

        Args:
            slow: whether the request was slow.
            in_use: running requests, this one included.
            mean_s: how long requests run at present, in seconds.
            now: in seconds.
        """
        if now < self._changed_at + mean_s:
            return False
        self._samples += 1
        self._slow += slow
        self._peak_in_use = max(self._peak_in_use, in_use)
        if self._samples < _MIN_SAMPLES or now - self._began_at < _WINDOW_S:
            return False
        limit = self._next_limit()
        if limit != self.limit:
            self.limit, self._changed_at = limit, now
        self._begin_window(now)
        return True

    def _next_limit(self) -> int:
        self.is_slow_at_floor = False
        if 2 * self._slow <= self._samples:
            return self._increased() if self._has_demand else self.limit
        if 2 * self._peak_in_use < self.limit:
            # So little concurrency is not what makes requests slow.
            return self.limit
        limit = int(_SHRINK * min(self.limit, self._peak_in_use))
        self.is_slow_at_floor = self._slow_start = limit <= self.floor
        return max(self.floor, limit)

    def _increased(self) -> int:
        return min(self.ceiling, self.limit + (self.limit if self._slow_start else isqrt(self.limit)))

    def _begin_window(self, now: float) -> None:
        self._began_at = now
        self._samples = self._slow = self._peak_in_use = 0
        self._has_demand = False
