"""docs/security.md names a test for each requirement, and the test exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROWS = re.findall(
    r"^\| (\d+\.\d+\.\d+.*?) \| (.*?) \| (.*?) \|$", (ROOT / "docs/security.md").read_text(), re.MULTILINE
)


def test_the_table_is_found() -> None:
    assert len(ROWS) > 30


@pytest.mark.parametrize(("requirement", "shown_by"), [(row[0], row[2]) for row in ROWS])
def test_each_requirement_is_shown_by_tests_that_are_there(requirement: str, shown_by: str) -> None:
    named = re.findall(r"`([^`]+)`", shown_by)
    assert named, requirement
    for path in named:
        assert re.search(r"^(async )?def test_", (ROOT / "tests" / path).read_text(), re.MULTILINE), path


GROWTH = re.findall(
    r"^\| ([^|]+) \| [^|]+ \| [^|]+ \| [^|]+ \| (`[^|]+`) \|$", (ROOT / "docs/security.md").read_text(), re.MULTILINE
)


def test_the_table_of_what_grows_is_found() -> None:
    assert len(GROWTH) > 10


@pytest.mark.parametrize(("thing", "shown_by"), GROWTH)
def test_each_bound_is_shown_by_tests_that_are_there(thing: str, shown_by: str) -> None:
    for path in re.findall(r"`([^`]+)`", shown_by):
        assert re.search(r"^(async )?def test_", (ROOT / "tests" / path).read_text(), re.MULTILINE), (thing, path)


NAMED = sorted(set(re.findall(r"`([a-z0-9_]+/[a-z0-9_/]+\.py)`", (ROOT / "docs/security.md").read_text())))


@pytest.mark.parametrize("path", NAMED)
def test_each_test_that_is_named_is_there(path: str) -> None:
    assert re.search(r"\bdef test_|\bTestCase\b", (ROOT / "tests" / path.removeprefix("tests/")).read_text()), path
