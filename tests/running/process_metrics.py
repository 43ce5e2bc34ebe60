"""The metrics of the process in which the tests run, by the names that Prometheus sees."""

from service_kit.telemetry import metrics


def collect() -> None:
    """Begin to collect, unless another test has."""
    if not metrics._identity:
        metrics.start(service="demo", version="1.2")


def value(name: str, **labels: str) -> float:
    """The sum of all samples of ``name`` that have these labels, where "" is none; 0 without one."""
    return sum(
        found
        for sample, told, found in metrics.samples()
        if sample == name and all(told.get(label, "") == wanted for label, wanted in labels.items())
    )


class Growth:
    """What the samples of ``name`` grew by, from now on."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._before = self._values()

    def so_far(self) -> list[tuple[dict[str, str], float]]:
        """The labels of each series that grew, and by how much."""
        return [
            (dict(labels), value - self._before.get(labels, 0))
            for labels, value in self._values().items()
            if value != self._before.get(labels, 0)
        ]

    def _values(self) -> dict[frozenset[tuple[str, str]], float]:
        return {frozenset(labels.items()): value for name, labels, value in metrics.samples() if name == self._name}
