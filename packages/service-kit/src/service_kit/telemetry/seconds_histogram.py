"""Histograms of durations, by prometheus_client: every request records several.

A measurement with OpenTelemetry costs four times as much, and its Prometheus exporter drops exemplars; see ADR 15.
"""

import os
from functools import cache

from prometheus_client import Histogram

from service_kit.telemetry.metrics import registry
from service_kit.telemetry.trace_context import TraceContext

#: Stores and most calls of services are faster than the lowest bound of the semantic conventions.
_FAST = (0.0005, 0.001, 0.0025)
#: Bounds of the buckets (seconds): those that the semantic conventions advise for request durations
#: (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration), and faster ones.
SECONDS_BUCKETS = (*_FAST, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

# Switching OpenTelemetry off disables these metrics too:
# https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
_OFF = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"


class SecondsHistogram:
    """A histogram of durations with labels, created by `seconds_histogram`.

    name, labels: in OpenTelemetry's form, with dots; Prometheus sees underscores, and the suffix `_seconds`.
    """

    def __init__(self, name: str, description: str, labels: tuple[str, ...]) -> None:
        self._histogram = Histogram(
            f"{_sanitised(name)}_seconds",
            description,
            [_sanitised(label) for label in labels],
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )
        # Cached, because prometheus_client looks a series up under a lock, by text.
        self._series: dict[tuple[str | int, ...], Histogram] = {}
        if not labels:
            self._series[()] = self._histogram

    def record(self, seconds: float, *labels: str | int, sampled: TraceContext | None = None) -> None:
        """Records a duration.

        Args:
            seconds: The duration.
            labels: Values of low cardinality, in the order of the label names; "" for none.
            sampled: The trace of a sampled request. Each bucket shows its latest as an exemplar, in OpenMetrics only.
        """
        if _OFF:
            return
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = self._histogram.labels(*labels)
        if sampled is None:
            series.observe(seconds)
        else:
            series.observe(seconds, {"trace_id": sampled.trace_id, "span_id": sampled.span_id})


@cache
def seconds_histogram(name: str, description: str, *labels: str) -> SecondsHistogram:
    """Returns the process's histogram of this name; raises ValueError if it exists with other labels or description."""
    return SecondsHistogram(name, description, labels)


def _sanitised(name: str) -> str:
    return name.replace(".", "_")
