"""Metrics: recorded through the OpenTelemetry API, read by Prometheus. For durations, see `seconds_histogram`.

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

#: Ours, not prometheus_client's global one, so that only what we chose is exposed.
registry = CollectorRegistry(auto_describe=False)
# A series more for each of a histogram's, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]
_identity: list[tuple[str, str]] = []


def start(*, service: str, version: str, revision: str = "") -> None:
    """Begin to collect; instruments made earlier join in. `headrace_build_info` says what runs here.

    revision: the commit that it was built from; empty where nobody said.
    RuntimeError: the process has already started as another service; OpenTelemetry has one provider per process.
    """
    if _identity:
        if _identity != [(service, version)]:
            raise RuntimeError(f"metrics are already those of {_identity[0]}")
        return
    resource = Resource.create({"service.name": service, "service.version": version})
    reader = PrometheusMetricReader(registry=registry, scope_info_enabled=False)
    # The exporter drops exemplars, and looking for them takes a third of the time of a measurement.
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
    """The meter of the module or package ``name``; it may be asked for before `start`."""
    return api.get_meter(name)


def from_zero(counter: api.Counter, *series: Mapping[str, str]) -> None:
    """Show these series of the counter from the start, or the one without attributes.

    `rate` and `increase` do not see the first step of a series that comes into being with it.
    """
    for attributes in series or ({},):
        counter.add(0, attributes)


def exposition() -> tuple[bytes, str]:
    """All metrics as they are now, in the Prometheus text format, and its content type."""
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4


def openmetrics() -> tuple[bytes, str]:
    """All metrics as they are now, with exemplars, in the OpenMetrics text format, and its content type."""
    text: bytes = generate_openmetrics(registry)  # type: ignore[no-untyped-call]
    return text, CONTENT_TYPE_LATEST


def families() -> Iterable[Metric]:
    """All metrics as they are now, by name."""
    return registry.collect()


def samples() -> Iterator[tuple[str, Mapping[str, str], float]]:
    """All metrics as they are now, one by one: the name that Prometheus sees, labels, value."""
    for family in families():
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value
