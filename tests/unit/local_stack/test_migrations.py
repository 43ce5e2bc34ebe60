"""Whether migrations are to be run."""

from pathlib import Path

import pytest
from local_stack.migrations import pending

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
def test_by_what_the_database_has(package: str, applied: set[str], expected: bool) -> None:
    assert pending(package, applied) is expected


def test_a_package_that_cannot_be_looked_into_is_asked_itself() -> None:
    assert pending("no_such_package", set())
    assert pending("local_stack", set())
