"""Whether a service has pending migrations."""

from pathlib import Path

import pytest
from local_stack.databases import has_pending_migrations

FIRST, SECOND = "20261122000000", "20261123000000"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An import package with two migrations."""
    folder = tmp_path / "migrated_service" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / f"{FIRST}_create.sql").touch()
    (folder / f"{SECOND}_alter.sql").touch()
    (folder / "notes.md").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return "migrated_service"


@pytest.mark.parametrize(
    ("applied", "expected"),
    [(set(), True), ({FIRST}, True), ({FIRST, SECOND}, False), ({FIRST, SECOND, "20270101000000"}, False)],
)
def test_migrations_are_pending_unless_all_are_applied(package: str, applied: set[str], expected: bool) -> None:
    assert has_pending_migrations(package, applied) is expected


def test_migrations_are_pending_when_the_files_cannot_be_found() -> None:
    assert has_pending_migrations("no_such_package", set())
    assert has_pending_migrations("local_stack", set())
