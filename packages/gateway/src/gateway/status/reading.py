"""The metrics of this process at one moment, by name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

#: Prometheus name, labels, value.
Sample = tuple[str, Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. at_s: when, in seconds of the monotonic clock. series: by name, with their labels."""

    at_s: float
    series: Mapping[str, list[tuple[Mapping[str, str], float]]]
    # Asked for when the reading is the last one, and again for as long as later ones are compared with it.
    _sums: dict[tuple[str, ...], dict[tuple[str, ...], float]] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, samples: Iterable[Sample], at_s: float) -> Self:
        """Keep all of them."""
        series = defaultdict(list)
        for name, labels, value in samples:
            series[name].append((labels, value))
        return cls(at_s, dict(series))

    def total(self, name: str, **labels: str) -> float | None:
        """The sum of the series that have these labels; None: there are none."""
        values = [value for each, value in self.series.get(name, ()) if labels.items() <= each.items()]
        return sum(values) if values else None

    def by(self, name: str, *keys: str) -> dict[tuple[str, ...], float]:
        """The sums by these labels; where a series lacks one, it counts under the empty text."""
        known = self._sums.get((name, *keys))
        if known is None:
            known = self._sums[name, *keys] = self._sum(name, keys)
        return known

    def _sum(self, name: str, keys: tuple[str, ...]) -> dict[tuple[str, ...], float]:
        sums: dict[tuple[str, ...], float] = defaultdict(float)
        for labels, value in self.series.get(name, ()):
            sums[tuple([labels.get(key, "") for key in keys])] += value
        return dict(sums)
