"""The state file."""

import json
from pathlib import Path

import pytest
from local_stack.errors import StackError
from local_stack.state import Process, read, write


def test_state_file_has_the_documented_shape(tmp_path: Path) -> None:
    path = tmp_path / "state.json"

    write(path, {"gateway": Process(7, "http://127.0.0.1:8080", "http://127.0.0.1:9464")})

    assert json.loads(path.read_text()) == {
        "services": {"gateway": {"pid": 7, "url": "http://127.0.0.1:8080", "admin_url": "http://127.0.0.1:9464"}}
    }


def test_state_file_reads_back_unchanged(tmp_path: Path) -> None:
    processes = {"redis": Process(5, "redis://127.0.0.1:6379", None), "gateway": Process(7, "http://h:1", "http://h:2")}

    write(tmp_path / "state.json", processes)

    assert read(tmp_path / "state.json") == processes


def test_missing_state_file_means_no_processes(tmp_path: Path) -> None:
    assert read(tmp_path / "state.json") == {}


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"services": []}', '{"services": {"a": {}}}', '{"services": 1}'])
def test_foreign_state_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)

    with pytest.raises(StackError, match="does not describe a stack"):
        read(path)
