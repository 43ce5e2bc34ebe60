"""How long requests take when nothing is in their way, method by method."""

# The mean of about so many requests: enough to even out chance, few enough to follow a new release within seconds.
_MEMORY = 32


class OrdinaryLatency:
    """A mean for each method, learned in calm times, and from the very first requests.

    What is ordinary for a slow method would be alarming for a fast one, so that each is compared with itself alone.
    """

    def __init__(self) -> None:
        self._means: dict[str, _Mean] = {}

    def of(self, method: str) -> float:
        """In seconds; 0 while no request for the method has been answered."""
        mean = self._means.get(method)
        return mean.seconds if mean is not None else 0.0

    def is_new(self, method: str) -> bool:
        """Whether the request that enters now is one of the method's very first.

        There is no telling yet whether it meets a crowd, so that it is to be learned from in any case. Asked of all
        that enter: those that are answered first are the fastest ones, and would be a biased sample.
        """
        mean = self._means.get(method)
        if mean is None:
            mean = self._means[method] = _Mean()
        mean.begun += 1
        return mean.begun <= _MEMORY

    def learn(self, method: str, took_s: float) -> None:
        """Take one request into account."""
        mean = self._means[method]
        mean.count = min(mean.count + 1, _MEMORY)
        mean.seconds += (took_s - mean.seconds) / mean.count

    def doubt(self) -> None:
        """Have the next requests to learn from count for more than all before them."""
        for mean in self._means.values():
            mean.count = 0


class _Mean:
    __slots__ = ("begun", "count", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.count = 0
        self.begun = 0
