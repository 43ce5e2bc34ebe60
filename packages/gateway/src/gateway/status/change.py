"""What has happened from one reading to a later one."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.status.quantile import Estimates
from gateway.status.reading import Reading


@dataclass(frozen=True, slots=True)
class Change:
    """Two readings of the same process. While there is but one, it is both, and nothing can be said of rates."""

    before: Reading
    after: Reading

    @property
    def seconds(self) -> float:
        """How far the readings lie apart."""
        return self.after.at_s - self.before.at_s

    def growth(self, name: str, *keys: str) -> dict[tuple[str, ...], float]:
        """By how much counters have grown, by these labels. One that was not there yet has grown from nothing."""
        before = self.before.by(name, *keys)
        return {key: value - before.get(key, 0.0) for key, value in self.after.by(name, *keys).items()}

    def rates(self, name: str, *keys: str) -> dict[tuple[str, ...], float | None]:
        """The same a second; None: there is but one reading."""
        return {key: self.rate(grown) for key, grown in self.growth(name, *keys).items()}

    def rate(self, grown: float) -> float | None:
        """What has grown by that much, a second; None: there is but one reading."""
        return grown / self.seconds if self.seconds > 0 else None

    def per_s(self, name: str, **labels: str) -> float | None:
        """The rate of all series with these labels. A counter is not to be seen before it has counted: that is 0."""
        grown = (self.after.total(name, **labels) or 0.0) - (self.before.total(name, **labels) or 0.0)
        return self.rate(grown)

    def quantiles(self, name: str, *keys: str) -> Mapping[tuple[str, ...], Estimates]:
        """The histogram of that name by these labels, for what it has recorded meanwhile."""
        buckets: dict[tuple[str, ...], dict[float, float]] = {}
        for (*key, bound), count in self.growth(f"{name}_bucket", *keys, "le").items():
            buckets.setdefault(tuple(key), {})[float(bound)] = count
        return {key: Estimates(each) for key, each in buckets.items()}
