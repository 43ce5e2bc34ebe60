"""Whether a stack has its metrics recorded."""

import socket
from pathlib import Path

import pytest
from local_stack.recording import plan
from local_stack.servers.prometheus import HOW_TO_GET_IT

from tests.running.stacks import free_offset


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _install(path: Path) -> None:
    (path / "prometheus").touch(mode=0o755)


def test_it_has_where_prometheus_is_on_the_path(path: Path) -> None:
    _install(path)
    offset = free_offset()

    recording = plan(offset=offset, wanted=True)

    assert recording.port == 9090 + offset
    assert f"http://127.0.0.1:{9090 + offset}" in recording.note


@pytest.mark.usefixtures("path")
def test_where_there_is_none_it_says_how_to_get_it() -> None:
    recording = plan(offset=free_offset(), wanted=True)

    assert recording.port is None
    assert HOW_TO_GET_IT in recording.note
    assert "\n" not in recording.note


def test_one_that_runs_already_is_in_nobodys_way(path: Path) -> None:
    _install(path)
    offset = free_offset()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 9090 + offset))
        listener.listen()

        recording = plan(offset=offset, wanted=True)

    assert recording.port is None
    assert str(9090 + offset) in recording.note


def test_it_has_not_where_nobody_wants_it(path: Path) -> None:
    _install(path)

    assert plan(offset=free_offset(), wanted=False).port is None
