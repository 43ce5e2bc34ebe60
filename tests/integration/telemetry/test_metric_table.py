"""docs/observability.md lists exactly the metrics of a running platform."""

import asyncio
import re

import pytest

from tests.conftest import StartStack
from tests.integration.telemetry.documented import Metric, documented, exposed, in_the_sources
from tests.observability.traffic import ENVIRON, everyday_traffic
from tests.running.exposition import exposition

pytestmark = pytest.mark.local_platform

_PROCESSES = ("gateway", "user-svc", "order-svc")
_SUFFIXES = re.compile(r"(_seconds|_bytes)?(_total)?$")


@pytest.fixture(scope="module")
def live(start_stack: StartStack) -> list[Metric]:
    """The metrics after one request of every kind."""
    stack = start_stack(ENVIRON)
    asyncio.run(everyday_traffic(stack))
    return [metric for name in _PROCESSES for metric in exposed(name, exposition(stack.admin_url(name)))]


def test_every_exposed_metric_is_documented(live: list[Metric]) -> None:
    page = documented()
    assert len(page) > 60
    assert {metric.name for metric in live} - page.keys() == set()
    for metric in live:
        described = page[metric.name]
        assert metric.kind == described.kind, metric
        assert metric.labels <= described.labels, metric
        assert metric.processes <= described.processes, metric


def test_every_documented_metric_is_exposed_or_awaits_its_first_value(live: list[Metric]) -> None:
    seen, names = {metric.name for metric in live}, in_the_sources()
    unseen = [metric.name for metric in documented().values() if metric.name not in seen]
    assert len(unseen) < 10
    assert not [name for name in unseen if _SUFFIXES.sub("", name) not in names]


def test_each_metric_is_exposed_by_the_documented_processes(live: list[Metric]) -> None:
    having = {(metric.name, process) for metric in live for process in metric.processes}
    seen = {name for name, _ in having}
    said = {(metric.name, process) for metric in documented().values() for process in metric.processes}
    assert {(name, process) for name, process in said - having if name in seen} == set()
