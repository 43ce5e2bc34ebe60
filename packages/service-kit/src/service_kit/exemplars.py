"""Exemplars: for each bucket of a histogram, the trace of the last sampled request in it. Only OpenMetrics has them.

OpenTelemetry's exporter for Prometheus drops them. So who measures a request that is recorded notes its trace here, and
it joins the buckets when they are read.
"""

import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from opentelemetry.util.types import AttributeValue
from prometheus_client import Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.samples import Exemplar, Sample

from service_kit.metrics import SECONDS_BUCKETS, families
from service_kit.trace_context import TraceContext

_Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Noted:
    value_s: float
    trace_id: str
    span_id: str
    at_s: float


#: By metric and labels, as Prometheus has them, and bucket. Metrics have few labels, so these are few.
_noted: dict[str, dict[_Labels, dict[int, _Noted]]] = {}


def note(instrument: str, value_s: float, attributes: Mapping[str, AttributeValue], trace: TraceContext) -> None:
    """A request was measured, and ``trace`` tells of it.

    instrument: the name of a histogram of seconds. attributes: those that it was recorded with.
    """
    labels = frozenset((_sanitised(name), str(value)) for name, value in attributes.items())
    buckets = _noted.setdefault(f"{_sanitised(instrument)}_seconds", {}).setdefault(labels, {})
    buckets[bisect_left(SECONDS_BUCKETS, value_s)] = _Noted(value_s, trace.trace_id, trace.span_id, time.time())


def any_noted() -> bool:
    """Whether there is anything to show that only OpenMetrics can."""
    return bool(_noted)


def openmetrics() -> tuple[bytes, str]:
    """All metrics as they are now, with exemplars, in the OpenMetrics text format, and its content type."""
    text: bytes = generate_latest(_WithExemplars())  # type: ignore[no-untyped-call]
    return text, CONTENT_TYPE_LATEST


class _WithExemplars:
    def collect(self) -> Iterator[Metric]:
        for metric in families():
            noted = _noted.get(metric.name)
            if noted is not None:
                metric.samples = _joined(metric.samples, noted)
            yield metric


def _joined(samples: list[Sample], noted: Mapping[_Labels, Mapping[int, _Noted]]) -> list[Sample]:
    joined, bucket, series = [], 0, frozenset[tuple[str, str]]()
    for sample in samples:
        if not sample.name.endswith("_bucket"):
            joined.append(sample)
            continue
        # Labels that only other series of the family have are there, and empty. The buckets of one come in their order.
        labels = frozenset((name, value) for name, value in sample.labels.items() if name != "le" and value)
        bucket, series = (bucket + 1 if labels == series else 0), labels
        found = noted.get(labels, {}).get(bucket)
        joined.append(sample if found is None else sample._replace(exemplar=_exemplar(found)))
    return joined


def _exemplar(noted: _Noted) -> Exemplar:
    return Exemplar({"trace_id": noted.trace_id, "span_id": noted.span_id}, noted.value_s, noted.at_s)


def _sanitised(name: str) -> str:
    return name.replace(".", "_")
