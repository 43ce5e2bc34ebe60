"""Histograms of durations: prometheus_client's own, since every request records several.

OpenTelemetry's cost four times as much a measurement, and its exporter for Prometheus drops exemplars; see ADR 15.
"""

import os
from functools import cache

from prometheus_client import Histogram

from service_kit.telemetry.metrics import registry
from service_kit.telemetry.trace_context import TraceContext

#: Stores and most calls of services answer sooner than the conventions expect of requests.
_FAST = (0.0005, 0.001, 0.0025)
#: Bounds of the buckets, in seconds: what the semantic conventions advise for request durations
#: (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration), and those below.
SECONDS_BUCKETS = (*_FAST, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

# Whoever switches OpenTelemetry's metrics off means these too:
# https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
_OFF = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"


class SecondsHistogram:
    """How long something took, by labels. Made by `seconds_histogram`.

    name, labels: as OpenTelemetry writes them, with dots; Prometheus sees underscores, and `_seconds` after the name.
    """

    def __init__(self, name: str, description: str, labels: tuple[str, ...]) -> None:
        self._histogram = Histogram(
            f"{_sanitised(name)}_seconds",
            description,
            [_sanitised(label) for label in labels],
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )
        # prometheus_client looks a series up under a lock, and as text.
        self._series: dict[tuple[str | int, ...], Histogram] = {}
        if not labels:
            self._series[()] = self._histogram

    def record(self, seconds: float, *labels: str | int, sampled: TraceContext | None = None) -> None:
        """Something took ``seconds``. labels: of few values each, in the order of their names; "" for none.

        sampled: the trace that tells of it, where there is one. Each bucket shows its last as an exemplar, in
        OpenMetrics only.
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
    """The process's histogram of this name. ValueError: another one has it, with other labels or another text."""
    return SecondsHistogram(name, description, labels)


def _sanitised(name: str) -> str:
    return name.replace(".", "_")
