"""Estimates quantiles from the buckets of a histogram."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf


def quantile(q: float, buckets: Mapping[float, float]) -> float | None:
    """Returns an estimate like Prometheus' histogram_quantile: values count as evenly distributed inside their bucket.

    Args:
        q: The quantile, from 0 to 1.
        buckets: The number of values up to each bound, infinity included.

    Returns:
        The estimate. For a quantile above the last finite bound, that bound. None without values.
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
