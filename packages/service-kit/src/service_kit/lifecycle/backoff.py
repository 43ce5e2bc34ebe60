"""Exponential backoff with jitter: how long to wait before a retry."""

import random


class Backoff:
    """Waits that begin at ``first_s`` and double up to ``longest_s``, each reduced by up to half at random.

    The jitter keeps clients that have failed together from retrying together.
    """

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._now_s = first_s

    def next_s(self) -> float:
        """Returns the next wait in seconds."""
        wait_s = self._now_s * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
        self._now_s = min(self._now_s * 2, self._longest_s)
        return wait_s

    def succeeded(self) -> None:
        """Resets the next wait to the first one, after a success."""
        self._now_s = self._first_s
