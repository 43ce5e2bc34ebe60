"""The difference between two readings of the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.status.quantile import Estimates
from gateway.status.reading import Reading


@dataclass(frozen=True, slots=True)
class Change:
    """Two readings of the same process. A single reading is both, and then there are no rates."""

    before: Reading
    after: Reading

    @property
    def seconds(self) -> float:
        """The time between the readings."""
        return self.after.at_s - self.before.at_s

    def growth(self, name: str, *keys: str) -> dict[tuple[str, ...], float]:
        """Returns the increase of counters by these labels. A counter that is new starts at 0."""
        before = self.before.by(name, *keys)
        return {key: value - before.get(key, 0.0) for key, value in self.after.by(name, *keys).items()}

    def rates(self, name: str, *keys: str) -> dict[tuple[str, ...], float | None]:
        """Returns the same per second; None with a single reading."""
        return {key: self.rate(grown) for key, grown in self.growth(name, *keys).items()}

    def rate(self, grown: float) -> float | None:
        """Returns an increase per second; None with a single reading."""
        return grown / self.seconds if self.seconds > 0 else None

    def per_s(self, name: str, **labels: str) -> float | None:
        """Returns the rate of all series with these labels. A counter without a series has not counted yet: 0."""
        grown = (self.after.total(name, **labels) or 0.0) - (self.before.total(name, **labels) or 0.0)
        return self.rate(grown)

    def quantiles(self, name: str, *keys: str) -> Mapping[tuple[str, ...], Estimates]:
        """Returns the histogram of that name by these labels, of the values recorded between the readings."""
        buckets: dict[tuple[str, ...], dict[float, float]] = {}
        for (*key, bound), count in self.growth(f"{name}_bucket", *keys, "le").items():
            buckets.setdefault(tuple(key), {})[float(bound)] = count
        return {key: Estimates(each) for key, each in buckets.items()}
