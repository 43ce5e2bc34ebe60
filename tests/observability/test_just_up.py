"""`just up` starts a Prometheus that scrapes every process."""

import json
from collections.abc import Iterator

import pytest
from local_stack.ports import is_free

from tests.observability.prometheus import Prometheus
from tests.observability.sources import RULES
from tests.running.polling import eventually
from tests.running.terminals import Terminal, new_terminal

_WITHIN_S = 60


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with new_terminal() as terminal:
        yield terminal


def _read(terminal: Terminal) -> list[tuple[str, str]] | None:
    """Returns the job and admin address of every target; None while one is not scraped, or none is known."""
    targets = Prometheus(9090 + terminal.offset).get("/api/v1/targets")["activeTargets"]
    found = [
        (each["labels"]["job"], f"http://{each['labels']['instance']}") for each in targets if each["health"] == "up"
    ]
    return sorted(found) if found and len(found) == len(targets) else None


def _to_be_read(terminal: Terminal) -> list[tuple[str, str]]:
    services = terminal.stack.services.items()
    return sorted((name.removesuffix("-2"), each["admin_url"]) for name, each in services if each["admin_url"])


def test_every_replica_is_scraped_until_the_stack_is_down(terminal: Terminal) -> None:
    up = terminal.up("--replicas", "gateway=2,order-svc=2", prometheus=True)
    assert up.returncode == 0, up.stdout
    prometheus = Prometheus(9090 + terminal.offset)
    assert f"Prometheus records the metrics: http://127.0.0.1:{prometheus.port}\n" in up.stdout
    assert f"http://127.0.0.1:{prometheus.port}" in terminal.run("status").stdout
    assert json.loads(terminal.run("status", "--json").stdout)["services"]["prometheus"]["ready"]

    services = terminal.stack.services
    assert eventually(lambda: _read(terminal), within_s=_WITHIN_S) == _to_be_read(terminal)
    assert len(_to_be_read(terminal)) == 5
    groups = prometheus.get("/api/v1/rules")["groups"]
    assert {group["file"] for group in groups} == set(map(str, RULES))

    again = terminal.run("restart", "prometheus")
    assert again.returncode == 0, again.stdout
    assert "no metrics are recorded until it is ready" in again.stdout
    assert terminal.stack.services["prometheus"]["pid"] != services["prometheus"]["pid"]

    down = terminal.run("down")
    assert (down.returncode, "prometheus       | stopped" in down.stdout) == (0, True)
    assert is_free("127.0.0.1", prometheus.port)


def test_platform_starts_without_prometheus_and_explains_how_to_install_it(terminal: Terminal) -> None:
    up = terminal.up(prometheus=True, PATH="/nowhere")

    assert up.returncode == 0, up.stdout
    assert "Metrics are not recorded: there is no prometheus on PATH (Debian and Ubuntu: apt-get" in up.stdout
    assert "prometheus" not in terminal.stack.services
