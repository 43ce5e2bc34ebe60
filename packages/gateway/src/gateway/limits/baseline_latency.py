"""The usual latency of each method, without load."""

# The mean of about so many requests: enough to even out chance, few enough to follow a new release within seconds.
_MEMORY = 32


class BaselineLatency:
    """A mean for each method, learned in calm times and from the method's first requests.

    The usual latency of a slow method would be alarming for a fast one, so each method is compared with itself.
    """

    def __init__(self) -> None:
        self._means: dict[str, _Mean] = {}

    def mean_s(self, method: str) -> float:
        """Returns the mean latency in seconds; 0 before the first answer."""
        mean = self._means.get(method)
        return mean.seconds if mean is not None else 0.0

    def is_new(self, method: str) -> bool:
        """Returns whether the request that starts now is one of the method's first, and counts it.

        These are learned from in any case, since load cannot be recognised yet. They are chosen when they start: the
        first to be answered are the fastest, a biased sample.
        """
        mean = self._means.get(method)
        if mean is None:
            mean = self._means[method] = _Mean()
        mean.begun += 1
        return mean.begun <= _MEMORY

    def learn(self, method: str, took_s: float) -> None:
        """Adds the latency of one request, in seconds."""
        mean = self._means[method]
        mean.count = min(mean.count + 1, _MEMORY)
        mean.seconds += (took_s - mean.seconds) / mean.count

    def relearn(self) -> None:
        """Gives the next learned requests more weight than all before them."""
        for mean in self._means.values():
            mean.count = 0


class _Mean:
    __slots__ = ("begun", "count", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.count = 0
        self.begun = 0
