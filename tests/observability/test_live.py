"""Every query of every dashboard and alert returns data from a live Prometheus that scrapes a live platform."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from local_stack.servers.prometheus import PrometheusServer, prometheus_program

from tests.conftest import StartStack
from tests.observability.alerts import alerts
from tests.observability.prometheus import Prometheus
from tests.observability.sources import Query, queries
from tests.observability.traffic import ENVIRON, steady_traffic
from tests.running.polling import eventually
from tests.running.servers import free_port, running

_SCRAPES_EVERY = "1s"
#: Long enough for two different scrapes and an evaluation of the rules between them, on the slowest machine.
_WITHIN_S = 60
#: The name of a metric in a query: the names of functions and labels are followed by other characters.
_METRIC = re.compile(r"\b(?:auth|db|headrace|http|order_svc|process|rpc|user_svc)[:_][\w:]+(?=\{|\[|\)| [+*/<>=-]|$)")
_GROUPING = re.compile(r"\bby \([^)]*\)")


@pytest.fixture(scope="module")
def prometheus(start_stack: StartStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    program = prometheus_program()
    assert program is not None, "prometheus is not on PATH"
    stack = start_stack(ENVIRON)
    targets = {
        name: [urlsplit(process["admin_url"]).netloc]
        for name, process in stack.services.items()
        if process["admin_url"] is not None
    }
    home = tmp_path_factory.mktemp("prometheus")
    server = PrometheusServer(program, home, free_port(), targets, home / "log", {"LC_ALL": "C"}, _SCRAPES_EVERY)
    with running(server), steady_traffic(stack):
        yield Prometheus(server.port)


@pytest.mark.parametrize("query", [*queries()], ids=str)
def test_query_of_a_dashboard_returns_data(query: Query, prometheus: Prometheus) -> None:
    def answered() -> list[Any] | None:
        rows = prometheus.ask(query.expression)
        # A quantile without observations is NaN.
        return [row for row in rows if row["value"][1] != "NaN"] or None

    eventually(answered, within_s=_WITHIN_S, every_s=0.5)


def test_every_metric_that_alerts_use_exists(prometheus: Prometheus) -> None:
    """Rule tests use synthetic series, so they do not notice a metric that no process exposes."""
    rules = [rule for group in prometheus.get("/api/v1/rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules if rule["type"] == "alerting"} == {alert.name for alert in alerts()}
    queries_of_rules = (_GROUPING.sub("", rule["query"]) for rule in rules)
    watched = {name for query in queries_of_rules for name in _METRIC.findall(query)}
    assert len(watched) > len(rules) / 2
    for name in sorted(watched):
        eventually(partial(_found, prometheus, name), within_s=_WITHIN_S)


def _found(prometheus: Prometheus, name: str) -> list[Any] | None:
    return prometheus.ask(f"count({name})") or None


def test_recording_rules_are_evaluated(prometheus: Prometheus) -> None:
    eventually(lambda: prometheus.ask("headrace:http_errors:ratio_rate5m") or None, within_s=_WITHIN_S, every_s=0.5)
