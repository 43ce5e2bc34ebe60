"""Histograms of durations: buckets, labels, and exemplars in OpenMetrics."""

import os
import subprocess
import sys

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from service_kit.telemetry import metrics
from service_kit.telemetry.seconds_histogram import SECONDS_BUCKETS, seconds_histogram
from service_kit.telemetry.trace_context import TraceContext

from tests.running import process_metrics

_TRACE = TraceContext("a" * 32, "b" * 16)
_LATER = TraceContext("c" * 32, "d" * 16)
_duration = seconds_histogram("test.seconds", "Of a test.", "http.route", "http.status")


def buckets(route: str) -> list[Sample]:
    """Returns them as a strict OpenMetrics parser reads them."""
    return [
        sample
        for sample in families()["test_seconds_seconds"].samples
        if sample.name.endswith("_bucket") and sample.labels["http_route"] == route
    ]


def families() -> dict[str, Metric]:
    text, content_type = metrics.openmetrics()
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    return {family.name: family for family in text_string_to_metric_families(text.decode())}  # type: ignore[no-untyped-call]


def test_buckets_are_those_of_the_semantic_conventions() -> None:
    _duration.record(0.07, "/conventional", 200)
    counts = {sample.labels["le"]: sample.value for sample in buckets("/conventional")}
    assert [float(bound) for bound in counts] == [*SECONDS_BUCKETS, float("inf")]
    assert (counts["0.05"], counts["0.075"]) == (0.0, 1.0)


def test_each_series_counts_separately_and_a_name_has_one_histogram() -> None:
    _duration.record(1.5, "/series", 200)
    seconds_histogram("test.seconds", "Of a test.", "http.route", "http.status").record(2.5, "/series", 200)
    _duration.record(1.0, "/series", 404)
    name = "test_seconds_seconds"
    assert process_metrics.value(f"{name}_count", http_route="/series", http_status="200") == 2
    assert process_metrics.value(f"{name}_sum", http_route="/series", http_status="200") == 4.0
    assert process_metrics.value(f"{name}_count", http_route="/series", http_status="404") == 1


def test_two_histograms_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        seconds_histogram("test.seconds", "Of another test.")


def test_histogram_without_labels_is_exported_from_the_start() -> None:
    seconds_histogram("test.bare", "Of a test.")
    assert families()["test_bare_seconds"].samples[-1].value == 0


def test_missing_label_is_an_error_and_creates_no_series() -> None:
    with pytest.raises(ValueError, match="label count"):
        _duration.record(1.0, "/forgotten")
    assert buckets("/forgotten") == []


def test_latest_sampled_request_is_the_exemplar_of_its_bucket_only() -> None:
    _duration.record(0.03, "/x", 200, sampled=_TRACE)
    _duration.record(0.04, "/x", 200, sampled=_LATER)
    _duration.record(0.041, "/x", 200)
    _duration.record(0.3, "/x", 200)
    shown = {sample.labels["le"]: sample.exemplar for sample in buckets("/x") if sample.exemplar is not None}
    assert shown.keys() == {"0.05"}
    assert shown["0.05"].labels == {"trace_id": _LATER.trace_id, "span_id": _LATER.span_id}
    assert shown["0.05"].value == 0.04


@pytest.mark.parametrize(("value_s", "bound"), [(0.0, "0.0005"), (0.005, "0.005"), (10.0, "10.0"), (11.0, "+Inf")])
def test_bucket_includes_its_upper_bound(value_s: float, bound: str) -> None:
    _duration.record(value_s, f"/{bound}", 200, sampled=_TRACE)
    assert [sample.labels["le"] for sample in buckets(f"/{bound}") if sample.exemplar is not None] == [bound]


def test_openmetrics_has_all_other_metrics_too() -> None:
    process_metrics.collect()
    # OpenTelemetry shows its resource with the first metric of its own.
    metrics.meter("tests").create_counter("openmetrics.probe").add(1)
    assert {"process_cpu_seconds", "headrace_build", "target"} <= families().keys()


@pytest.mark.parametrize(("disabled", "recorded"), [("true", "0.0"), ("false", "1.0")])
def test_otel_sdk_disabled_disables_histograms(disabled: str, recorded: str) -> None:
    script = (
        "from service_kit.telemetry import metrics;"
        "from service_kit.telemetry.seconds_histogram import seconds_histogram;"
        "seconds_histogram('x', 'X.').record(1.0);"
        "print(*(value for name, _, value in metrics.samples() if name == 'x_seconds_count'))"
    )
    environ = os.environ | {"OTEL_SDK_DISABLED": disabled}
    finished = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == recorded
