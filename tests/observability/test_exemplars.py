"""Exemplars: Prometheus stores them with histogram buckets, and they link to traces."""

import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from local_stack.servers.prometheus import PrometheusServer, prometheus_program

from tests.conftest import StartStack
from tests.faults.people import newcomer
from tests.observability.prometheus import Prometheus
from tests.running.collector import Collector, SeenSpan, running_collector
from tests.running.polling import eventually
from tests.running.servers import free_port, running

_WITHIN_S = 30
_HISTOGRAMS = {
    "gateway": "http_server_request_duration_seconds_bucket",
    "user-svc": "rpc_server_call_duration_seconds_bucket",
}


async def test_exemplars_in_prometheus_link_to_collected_traces(start_stack: StartStack, tmp_path: Path) -> None:
    program = prometheus_program()
    assert program is not None, "prometheus is not on PATH"
    with running_collector() as collector:
        stack = start_stack(collector.environ(ratio=1.0))
        targets = {name: [urlsplit(stack.admin_url(name)).netloc] for name in _HISTOGRAMS}
        server = PrometheusServer(program, tmp_path, free_port(), targets, tmp_path / "log", {"LC_ALL": "C"}, "1s")
        with running(server):
            await newcomer(stack.url)
            prometheus = Prometheus(server.port)
            for job, histogram in _HISTOGRAMS.items():
                shown = partial(exemplars_of, prometheus, f'{histogram}{{job="{job}"}}')
                for trace_id, span_id in eventually(shown, within_s=_WITHIN_S):
                    eventually(partial(served, collector, job, trace_id, span_id), within_s=_WITHIN_S)
            # The exposition format with exemplars still has all other metrics.
            assert len(prometheus.ask("up == 1")) == len(targets)
            assert prometheus.ask("process_cpu_seconds_total")


def exemplars_of(prometheus: Prometheus, query: str) -> set[tuple[str, str]] | None:
    """Returns the ids of traces and spans of the last minute; None while there are none."""
    now = time.time()
    asked = urlencode({"query": query, "start": now - 60, "end": now + 1})
    series: Any = prometheus.get(f"/api/v1/query_exemplars?{asked}")
    labels = [exemplar["labels"] for each in series for exemplar in each["exemplars"]]
    return {(each["trace_id"], each["span_id"]) for each in labels} or None


def served(collector: Collector, service: str, trace_id: str, span_id: str) -> SeenSpan | None:
    """Returns the server span of the service, once the collector has it."""
    found = (span for span in collector.trace(trace_id) if (span.service, span.span_id) == (service, span_id))
    return next((span for span in found if span.kind == "SERVER"), None)
