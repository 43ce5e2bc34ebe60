"""What a client may send besides calls: pings, settings and the like cost it little, and us a little more."""

import time

_CAPACITY = 2000.0
_PER_S = 200.0
#: Frames that come with a call: its headers and message, acknowledgements of the answer, a reset.
_PER_CALL = 16
#: A message of many frames pays for them by its size.
_BYTES_PER_FRAME = 256
#: What a call that is reset before anything works on it costs: more than it brings (CVE-2023-44487).
_ABANDONED = 20


class FrameBudget:
    """A bucket of frames, refilled by time and by calls."""

    def __init__(self) -> None:
        self._left = _CAPACITY
        self._at = time.monotonic()

    def spend(self, frames: int, *, accepted: int, abandoned: int, size_bytes: int) -> bool:
        """Pay for ``frames`` that began ``accepted`` calls; False: the budget is overdrawn.

        size_bytes: what they brought, and what was sent since the last of them: a client acknowledges what it reads
        with frames.
        """
        now = time.monotonic()
        earned = (now - self._at) * _PER_S + accepted * _PER_CALL + size_bytes / _BYTES_PER_FRAME
        self._at = now
        self._left = min(_CAPACITY, self._left + earned - frames - abandoned * _ABANDONED)
        return self._left >= 0
