"""The data folder."""

import os
import stat
from pathlib import Path

import pytest
from local_stack.data_dir import DEFAULT_DATA_DIR, DataDir, resolve
from local_stack.errors import StackError
from local_stack.processes import Launch, start


def test_data_folder_defaults_to_that_of_the_checkout() -> None:
    assert resolve(None).root == DEFAULT_DATA_DIR
    assert (DEFAULT_DATA_DIR.parent / "justfile").is_file()


def test_relative_data_folder_is_resolved_against_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert resolve("data").root == tmp_path / "data"


def test_fresh_empties_the_folders_of_the_stack_and_keeps_the_others(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    with data.locked():
        data.prepare(fresh=False)
    (data.secrets / "old").touch()
    (tmp_path / "bin").mkdir()

    data.prepare(fresh=True)

    assert not (data.secrets / "old").exists()
    assert data.secrets.is_dir()
    assert (tmp_path / "bin").is_dir()


def test_folder_with_foreign_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()

    with (
        pytest.raises(StackError, match="is not the data folder of a local stack, and holds logs"),
        DataDir(tmp_path).locked(),
    ):
        pytest.fail("not refused")

    assert (tmp_path / "logs").is_dir()


def test_second_lock_is_refused_while_the_first_is_held(tmp_path: Path) -> None:
    data = DataDir(tmp_path)

    with data.locked(), pytest.raises(StackError, match="another command"), data.locked():
        pytest.fail("not refused")

    with data.locked():
        pass


def test_error_names_the_folder_that_cannot_be_written(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.touch()

    with pytest.raises(StackError, match=f"cannot write to the data folder {occupied}"), DataDir(occupied).locked():
        pytest.fail("not refused")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o027, 0o077])
def test_data_folder_is_private_under_any_umask(umask: int, tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    former = os.umask(umask)
    try:
        data.prepare(fresh=False)
        start(Launch("true", ("true",), {}, data.log("true"))).wait()
    finally:
        os.umask(former)

    folders = (data.root, data.logs, data.postgres, data.redis, data.secrets, data.keys)
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    assert stat.S_IMODE(data.log("true").stat().st_mode) == 0o600


def test_folders_of_an_earlier_version_become_private(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.logs.mkdir(mode=0o755)

    data.prepare(fresh=False)

    assert stat.S_IMODE(data.logs.stat().st_mode) == 0o700


@pytest.mark.parametrize("exists", [True, False])
def test_root_is_refused_in_the_folder_of_another_account(
    exists: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = os.geteuid() or 65534
    os.chown(tmp_path, owner, -1)
    monkeypatch.setenv("SUDO_UID", str(owner))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    data = DataDir(tmp_path if exists else tmp_path / "data")

    with pytest.raises(StackError, match=f"{tmp_path} belongs to .*: run this as .*, without sudo"), data.locked():
        pytest.fail("not refused")

    assert [*tmp_path.iterdir()] == []


def test_root_may_create_a_folder_beside_files_of_another_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(tmp_path, os.geteuid() or 65534, -1)
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    data = DataDir(tmp_path / "data")

    with data.locked():
        assert data.lock.exists()


def test_commands_in_hints_name_the_data_folder() -> None:
    assert DataDir(DEFAULT_DATA_DIR).command("logs", "-f") == "./just logs -f"
    assert DataDir(Path("/my data")).command("up", "--port-offset", "100") == (
        "./just up --data-dir '/my data' --port-offset 100"
    )


def test_logs_of_the_last_run_are_kept(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.prepare(fresh=False)
    data.log("gateway").write_text("of the last run")

    data.prepare(fresh=False)

    assert not data.log("gateway").exists()
    assert (data.logs / "gateway.log.1").read_text() == "of the last run"
