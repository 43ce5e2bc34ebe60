"""Exemplars: which request stands for a bucket, as OpenMetrics tells it."""

from collections.abc import Iterator

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from service_kit import exemplars
from service_kit.metrics import meter
from service_kit.trace_context import TraceContext

from tests.running import process_metrics

_NAME = "test.exemplars"
_TRACE = TraceContext("a" * 32, "b" * 16)
_LATER = TraceContext("c" * 32, "d" * 16)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    process_metrics.collect()
    yield
    exemplars._noted.clear()


def buckets() -> list[Sample]:
    text, content_type = exemplars.openmetrics()
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    return [sample for sample in families(text)["test_exemplars_seconds"].samples if sample.name.endswith("_bucket")]


def families(text: bytes) -> dict[str, Metric]:
    """What a strict reader makes of it, by name."""
    return {family.name: family for family in text_string_to_metric_families(text.decode())}  # type: ignore[no-untyped-call]


def measure(value_s: float, trace: TraceContext | None, **attributes: str | int) -> None:
    told = {name.replace("_", "."): value for name, value in attributes.items()}
    meter("test").create_histogram(_NAME, unit="s").record(value_s, told)
    if trace is not None:
        exemplars.note(_NAME, value_s, told, trace)


def test_the_last_request_stands_for_its_bucket_and_no_other() -> None:
    measure(0.03, _TRACE, http_route="/x", http_status=200)
    measure(0.04, _LATER, http_route="/x", http_status=200)
    measure(0.05, None, http_route="/y", http_status=404, error_type="late")

    told = {(sample.labels["http_route"], sample.labels["le"]): sample.exemplar for sample in buckets()}
    found = {place: exemplar for place, exemplar in told.items() if exemplar is not None}
    assert found.keys() == {("/x", "0.05")}
    exemplar = found["/x", "0.05"]
    assert exemplar.labels == {"trace_id": _LATER.trace_id, "span_id": _LATER.span_id}
    assert exemplar.value == 0.04


@pytest.mark.parametrize(("value_s", "bound"), [(0.0, "0.0005"), (0.005, "0.005"), (10.0, "10.0"), (11.0, "+Inf")])
def test_a_bucket_reaches_up_to_its_bound(value_s: float, bound: str) -> None:
    measure(value_s, _TRACE, http_route="/z")
    found = [sample.labels["le"] for sample in buckets() if sample.exemplar is not None]
    assert found == [bound]


def test_all_other_metrics_are_there_as_well() -> None:
    text, _ = exemplars.openmetrics()
    assert {"process_cpu_seconds", "headrace_build", "target"} <= families(text).keys()
