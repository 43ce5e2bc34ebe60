"""The data folder."""

from pathlib import Path

import pytest
from local_stack.data_dir import DEFAULT_DATA_DIR, DataDir, resolve
from local_stack.errors import StackError


def test_without_a_wish_it_is_the_checkouts_own() -> None:
    assert resolve(None).root == DEFAULT_DATA_DIR
    assert (DEFAULT_DATA_DIR.parent / "justfile").is_file()


def test_a_relative_one_is_seen_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert resolve("data").root == tmp_path / "data"


def test_fresh_empties_what_is_ours_and_leaves_the_rest(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    with data.locked():
        data.prepare(fresh=False)
    (data.secrets / "old").touch()
    (tmp_path / "bin").mkdir()

    data.prepare(fresh=True)

    assert not (data.secrets / "old").exists()
    assert data.secrets.is_dir()
    assert (tmp_path / "bin").is_dir()


def test_a_folder_with_somebody_elses_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()

    with (
        pytest.raises(StackError, match="is not the data folder of a local stack, and holds logs"),
        DataDir(tmp_path).locked(),
    ):
        pytest.fail("not refused")

    assert (tmp_path / "logs").is_dir()


def test_one_up_at_a_time(tmp_path: Path) -> None:
    data = DataDir(tmp_path)

    with data.locked(), pytest.raises(StackError, match="another command"), data.locked():
        pytest.fail("not refused")

    with data.locked():
        pass


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.touch()

    with pytest.raises(StackError, match=f"cannot write to the data folder {occupied}"), DataDir(occupied).locked():
        pytest.fail("not refused")


def test_the_last_runs_logs_are_kept_beside(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.prepare(fresh=False)
    data.log("gateway").write_text("of the last run")

    data.prepare(fresh=False)

    assert not data.log("gateway").exists()
    assert (data.logs / "gateway.log.1").read_text() == "of the last run"
