"""So much in ten seconds."""

_WINDOW_S = 10.0


class Budget:
    """A bucket of ``size`` that fills again in ten seconds."""

    __slots__ = ("_at", "_left", "_per_s", "_size")

    def __init__(self, size: int, now: float) -> None:
        self._size = self._left = float(size)
        self._per_s = size / _WINDOW_S
        self._at = now

    def spend(self, now: float) -> bool:
        """Take one. False: there is none left."""
        self._left = min(self._size, self._left + (now - self._at) * self._per_s) - 1
        self._at = now
        return self._left >= 0

    def grant(self, amount: int) -> None:
        """Put ``amount`` back, but never more than fits."""
        self._left = min(self._size, self._left + amount)
