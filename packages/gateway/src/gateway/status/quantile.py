"""Quantiles of a histogram of which only the buckets are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf


def quantile(q: float, buckets: Mapping[float, float]) -> float | None:
    """An estimate as Prometheus' histogram_quantile makes it: as if values lay evenly inside their bucket.

    buckets: how many values are at most the bound, for each bound, infinity among them. What lies above the last
    finite bound is told as that bound: it is at least so much. None: there is no value.
    """
    bounds = sorted(buckets)
    if not bounds or buckets[bounds[-1]] <= 0:
        return None
    rank = q * buckets[bounds[-1]]
    low, below = 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= rank and buckets[bound] > below:
            return low if bound == inf else low + (bound - low) * (rank - below) / (buckets[bound] - below)
        low, below = bound, buckets[bound]
    return low


@dataclass(frozen=True, slots=True)
class Estimates:
    """Quantiles of a histogram; ``buckets``: how many values are at most the bound."""

    buckets: Mapping[float, float]

    def ms(self, q: float) -> float | None:
        """The quantile in milliseconds, of a histogram in seconds; None: there is no value."""
        value = quantile(q, self.buckets)
        return None if value is None else value * 1000
