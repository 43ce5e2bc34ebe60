"""Metrics: recorded through the OpenTelemetry API, read by Prometheus.

Instrument names carry neither unit nor `_total`: the exporter appends both.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping

from opentelemetry import metrics as api
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, GCCollector, Info, Metric, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

#: Stores and most calls of services answer sooner than the conventions expect of requests.
_FAST = (0.0005, 0.001, 0.0025)
#: Bounds of duration histograms, in seconds: what the semantic conventions advise for request durations
#: (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration), and those below.
SECONDS_BUCKETS = (*_FAST, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

#: Ours, not prometheus_client's global one, so that only what we chose is exposed.
_registry = CollectorRegistry(auto_describe=False)
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
    reader = PrometheusMetricReader(registry=_registry, scope_info_enabled=False)
    provider = MeterProvider(
        [reader],
        resource,
        # The exporter drops exemplars (see service_kit.exemplars), and looking for them takes a third of the time of a
        # measurement.
        exemplar_filter=AlwaysOffExemplarFilter(),
        shutdown_on_exit=False,
        views=[_SECONDS_VIEW],
    )
    api.set_meter_provider(provider)
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=_registry)
    build = Info("headrace_build", "What runs here: service, version, commit, Python", registry=_registry)
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
    return generate_latest(_registry), CONTENT_TYPE_PLAIN_0_0_4


def families() -> Iterable[Metric]:
    """All metrics as they are now, by name."""
    return _registry.collect()


def samples() -> Iterator[tuple[str, Mapping[str, str], float]]:
    """All metrics as they are now, one by one: the name that Prometheus sees, labels, value."""
    for family in families():
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


_SECONDS_VIEW = View(
    instrument_type=Histogram, instrument_unit="s", aggregation=ExplicitBucketHistogramAggregation(SECONDS_BUCKETS)
)
