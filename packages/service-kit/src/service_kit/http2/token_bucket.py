"""Token bucket: at most N events per 10 s, and more where something has paid for them."""

_REFILL_S = 10.0


class TokenBucket:
    """A bucket of ``size`` tokens that refills in 10 s.

    Args:
        size: How many tokens it holds; it begins full.
        now: On the clock of time.monotonic(), as everywhere here.
    """

    __slots__ = ("_size", "_tokens", "_tokens_per_s", "_updated_at")

    def __init__(self, size: int, now: float) -> None:
        self._size = self._tokens = float(size)
        self._tokens_per_s = size / _REFILL_S
        self._updated_at = now

    def spend(self, now: float, amount: float = 1.0) -> bool:
        """Takes ``amount`` tokens; a negative amount adds some, up to the size of the bucket.

        Returns:
            Whether there were enough. The debt of a bucket that is overdrawn grows.
        """
        refilled = min(self._size, self._tokens + (now - self._updated_at) * self._tokens_per_s)
        self._tokens = min(self._size, refilled - amount)
        self._updated_at = now
        return self._tokens >= 0

    def grant(self, amount: int) -> None:
        """Adds ``amount`` tokens, up to the size of the bucket."""
        self._tokens = min(self._size, self._tokens + amount)
