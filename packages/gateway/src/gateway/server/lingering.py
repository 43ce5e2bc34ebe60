"""Reading on, for a client that has not finished, when our last word is said.

Closing over unread bytes makes the kernel answer with a reset, which can destroy what is on its way: the client sees a
broken pipe, not the answer (RFC 9112, 9.6). Whoever sends more than this, or slower, gets the reset.
"""

from math import inf

_MAX_BYTES = 16 * 1024 * 1024
_MAX_S = 2.0
_MAX_PAUSE_S = 0.5


class Lingering:
    """How long to read on, and how much."""

    __slots__ = ("_bytes", "_end")

    def __init__(self) -> None:
        self._bytes = 0
        self._end = inf

    def begin(self, now: float) -> float:
        """Our last word has just been said, or is still on its way out; when to stop if nothing comes."""
        self._end = now + _MAX_S
        return now + _MAX_PAUSE_S

    def go_on(self, size_bytes: int, now: float) -> float:
        """So many bytes have come; when to stop if nothing else does."""
        self._bytes += size_bytes
        return now if self._bytes > _MAX_BYTES else min(now + _MAX_PAUSE_S, self._end)
