"""Metrics: recorded by the OpenTelemetry API, scraped by Prometheus. For durations, see `seconds_histogram`.

Instrument names carry neither unit nor `_total`: the exporter appends both.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping

from opentelemetry import metrics as api
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Info,
    Metric,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

#: Not prometheus_client's global one, so that only the chosen metrics are exposed.
registry = CollectorRegistry(auto_describe=False)
# Otherwise each series has a further one, which no dashboard or alert uses.
disable_created_metrics()  # type: ignore[no-untyped-call]
_identity: list[tuple[str, str]] = []


def start(*, service: str, version: str, revision: str = "") -> None:
    """Starts collecting, also for instruments that were created earlier, and sets `headrace_build_info`.

    Args:
        service: The name of the service.
        version: Its version.
        revision: The commit that it was built from; empty if unknown.

    Raises:
        RuntimeError: The process has started as another service; OpenTelemetry has one provider per process.
    """
    if _identity:
        if _identity != [(service, version)]:
            raise RuntimeError(f"metrics are already those of {_identity[0]}")
        return
    resource = Resource.create({"service.name": service, "service.version": version})
    reader = PrometheusMetricReader(registry=registry, scope_info_enabled=False)
    # The exporter drops exemplars, and collecting them takes a third of the time of a measurement.
    exemplars = AlwaysOffExemplarFilter()
    provider = MeterProvider([reader], resource, exemplar_filter=exemplars, shutdown_on_exit=False)
    api.set_meter_provider(provider)
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    build = Info("headrace_build", "What runs here: service, version, commit, Python", registry=registry)
    about = {"service_name": service, "version": version, "revision": revision, "python": platform.python_version()}
    build.info(about)
    _identity.append((service, version))


def meter(name: str) -> api.Meter:
    """Returns the meter of the module or package ``name``; it may be used before `start`."""
    return api.get_meter(name)


def from_zero(counter: api.Counter, *series: Mapping[str, str]) -> None:
    """Initializes these series of the counter with 0, or the one without attributes.

    `rate` and `increase` miss the first increment of a series that begins with it.
    """
    for attributes in series or ({},):
        counter.add(0, attributes)


def exposition() -> tuple[bytes, str]:
    """Returns the current metrics in the Prometheus text format, and its content type."""
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4


def openmetrics() -> tuple[bytes, str]:
    """Returns the current metrics with exemplars, in the OpenMetrics text format, and its content type."""
    text: bytes = generate_openmetrics(registry)  # type: ignore[no-untyped-call]
    return text, CONTENT_TYPE_LATEST


def families() -> Iterable[Metric]:
    """Returns the current metrics by name."""
    return registry.collect()


def samples() -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Yields the current samples: the name that Prometheus sees, labels, value."""
    for family in families():
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value
