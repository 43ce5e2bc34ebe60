"""Prometheus and Grafana in containers: scraping, rules and dashboards."""

import json
import urllib.request
from typing import Any

from tests.compose.compose_stack import ComposeStack
from tests.observability.sources import DASHBOARDS
from tests.running.polling import eventually


def ask(address: str) -> Any:
    with urllib.request.urlopen(f"http://{address}", timeout=5) as response:
        return json.loads(response.read())


def test_prometheus_scrapes_every_process(platform: ComposeStack) -> None:
    address = platform.published("prometheus", 9090)

    def all_up() -> bool | None:
        targets = ask(f"{address}/api/v1/targets")["data"]["activeTargets"]
        health = {(target["labels"]["job"], target["health"]) for target in targets}
        return True if health == {(job, "up") for job in ("gateway", "user-svc", "order-svc", "prometheus")} else None

    eventually(all_up, within_s=60, every_s=1)


def test_prometheus_loads_its_rules(platform: ComposeStack) -> None:
    groups = ask(f"{platform.published('prometheus', 9090)}/api/v1/rules")["data"]["groups"]
    assert {group["name"] for group in groups} >= {"slo-availability-recording", "slo-latency-recording", "slo-alerts"}


def test_grafana_loads_its_dashboards(platform: ComposeStack) -> None:
    wanted = {json.loads(dashboard.read_text())["uid"] for dashboard in DASHBOARDS}
    found = {each["uid"] for each in ask(f"{platform.published('grafana', 3000)}/api/search")}
    assert wanted <= found


def test_only_public_ports_are_published(platform: ComposeStack) -> None:
    """Ports are published on loopback only, by default. The network `published` belongs to the tests."""
    configured = json.loads(platform.compose("config", "--format", "json"))["services"]
    own = {"user-svc", "order-svc", "postgres"}
    published = {
        name: service["ports"] for name, service in configured.items() if "ports" in service and name not in own
    }
    assert published.keys() == {"gateway", "prometheus", "grafana"}
    assert {port["host_ip"] for ports in published.values() for port in ports} == {"127.0.0.1"}
