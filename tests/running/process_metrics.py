"""The metrics of the test process, by their Prometheus names."""

from service_kit.telemetry import metrics


def collect() -> None:
    """Starts collecting, unless another test has."""
    if not metrics._identity:
        metrics.start(service="demo", version="1.2")


def value(name: str, **labels: str) -> float:
    """Returns the sum of all samples of ``name`` with these labels ("" for a missing label); 0 without one."""
    return sum(
        found
        for sample, present, found in metrics.samples()
        if sample == name and all(present.get(label, "") == wanted for label, wanted in labels.items())
    )


class Growth:
    """Measures the growth of the samples of ``name`` from now on."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._before = self._values()

    def so_far(self) -> list[tuple[dict[str, str], float]]:
        """Returns the growth of each series that grew, by its labels."""
        return [
            (dict(labels), value - self._before.get(labels, 0))
            for labels, value in self._values().items()
            if value != self._before.get(labels, 0)
        ]

    def _values(self) -> dict[frozenset[tuple[str, str]], float]:
        return {frozenset(labels.items()): value for name, labels, value in metrics.samples() if name == self._name}
