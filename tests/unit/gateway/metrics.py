"""Reads what was recorded through a meter of its own, apart from the process's metrics."""

from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric, NumberDataPoint


class RecordedMetrics:
    """A meter, and the data points that it has gathered: instrument → [(attributes, value or count)]."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self._provider = MeterProvider([self._reader], shutdown_on_exit=False)
        self.meter = self._provider.get_meter("test")

    def points(self, instrument: str) -> list[tuple[dict[str, Any], float]]:
        data = self._reader.get_metrics_data()
        if data is None:
            return []
        metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]
        return [point for metric in metrics if metric.name == instrument for point in _points(metric)]


def _points(metric: Metric) -> list[tuple[dict[str, Any], float]]:
    return [
        (dict(point.attributes or {}), point.value if isinstance(point, NumberDataPoint) else point.count)
        for point in metric.data.data_points
    ]
