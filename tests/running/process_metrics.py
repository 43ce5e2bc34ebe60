"""The metrics of the process in which the tests run, by the names that Prometheus sees."""

from service_kit import metrics


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
