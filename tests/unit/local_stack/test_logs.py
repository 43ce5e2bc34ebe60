"""Reading logs."""

from pathlib import Path

import pytest
from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.logs import LogFollower, Tail, names, show_once


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    folder = DataDir(tmp_path)
    folder.prepare(fresh=False)
    return folder


def test_tail_returns_each_complete_line_once(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    tail = Tail(path)
    assert tail.new_lines() == []

    path.write_text("one\ntw")
    assert tail.new_lines() == ["one"]

    with path.open("a") as log:
        log.write("o\nthree\n")
    assert tail.new_lines() == ["two", "three"]
    assert tail.new_lines() == []


def test_tail_reads_a_replaced_log_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("old\n")
    tail = Tail(path)
    tail.new_lines()

    path.rename(tmp_path / "a.log.1")
    path.write_text("new\n")

    assert tail.new_lines() == ["new"]


def test_tail_replaces_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"\xff\n")

    assert Tail(path).new_lines() == ["\ufffd"]


def test_show_once_shows_the_last_lines_of_each_log(data: DataDir) -> None:
    data.log("gateway").write_text("1\n2\n3\n")
    data.log("redis").write_text("4\n")
    shown: list[tuple[str, str]] = []

    show_once(data, None, 2, lambda name, line: shown.append((name, line)))

    assert shown == [("gateway", "2"), ("gateway", "3"), ("redis", "4")]


def test_follower_shows_the_last_lines_and_then_every_new_one(data: DataDir) -> None:
    data.log("gateway").write_text("1\n2\n")
    shown: list[str] = []
    follower = LogFollower(data, None, 1, lambda name, line: shown.append(f"{name} {line}"))
    follower.show_new()

    with data.log("gateway").open("a") as log:
        log.write("3\n4\n")
    data.log("redis").write_text("5\n")
    follower.show_new()
    follower.show_new()

    assert shown == ["gateway 2", "gateway 3", "gateway 4", "redis 5"]


def test_unknown_log_name_is_refused_with_the_known_ones(data: DataDir) -> None:
    data.log("gateway").touch()

    with pytest.raises(StackError, match=r"no log of 'gate'; there are: gateway"):
        names(data, "gate")
