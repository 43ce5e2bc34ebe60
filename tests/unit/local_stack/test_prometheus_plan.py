"""Whether `up` starts Prometheus."""

import socket
from pathlib import Path

import pytest
from local_stack.servers.prometheus import HOW_TO_GET_IT, plan_prometheus

from tests.running.stacks import free_offset


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _install(path: Path) -> None:
    (path / "prometheus").touch(mode=0o755)


def test_prometheus_is_planned_when_it_is_on_path(path: Path) -> None:
    _install(path)
    offset = free_offset()

    plan = plan_prometheus(offset=offset, wanted=True)

    assert plan.port == 9090 + offset
    assert f"http://127.0.0.1:{9090 + offset}" in plan.note


@pytest.mark.usefixtures("path")
def test_missing_prometheus_is_reported_with_how_to_install_it() -> None:
    plan = plan_prometheus(offset=free_offset(), wanted=True)

    assert plan.port is None
    assert HOW_TO_GET_IT in plan.note
    assert "\n" not in plan.note


def test_prometheus_is_not_planned_when_its_port_is_taken(path: Path) -> None:
    _install(path)
    offset = free_offset()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 9090 + offset))
        listener.listen()

        plan = plan_prometheus(offset=offset, wanted=True)

    assert plan.port is None
    assert str(9090 + offset) in plan.note


def test_prometheus_is_not_planned_when_it_is_not_wanted(path: Path) -> None:
    _install(path)

    assert plan_prometheus(offset=free_offset(), wanted=False).port is None
