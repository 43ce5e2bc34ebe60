"""How fast something may be done that had better not be done at all."""

from collections.abc import Callable
from time import monotonic


class Pace:
    """So many a second, and a few more at once; the others wait for their turn.

    longest_s: nobody waits longer, in seconds, even if then they are more.
    """

    def __init__(
        self, per_second: float, *, at_once: int, longest_s: float, now: Callable[[], float] = monotonic
    ) -> None:
        self._interval_s = 1 / per_second
        self._ahead_s = at_once * self._interval_s
        self._longest_s = longest_s
        self._now = now
        self._next_at = float("-inf")

    def wait_s(self) -> float:
        """How long this one has to wait for its turn, in seconds; 0 for not at all."""
        now = self._now()
        turn = min(max(self._next_at, now - self._ahead_s), now + self._longest_s)
        self._next_at = turn + self._interval_s
        return max(0.0, turn - now)
