"""How long to wait before something is tried again."""

import random


class Backoff:
    """Waits from ``first_s`` on, doubling up to ``longest_s`` (seconds), each less up to half of it by chance.

    So those who failed together do not try again together.
    """

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._now_s = first_s

    def next_s(self) -> float:
        """The next wait."""
        wait_s = self._now_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        self._now_s = min(self._now_s * 2, self._longest_s)
        return wait_s

    def succeeded(self) -> None:
        """It went well: the next wait is the first one again."""
        self._now_s = self._first_s
