"""Playing rows and printing their results."""

from collections.abc import Callable

import pytest

from tests.faults.catalogue import catalogue
from tests.faults.drill import Drill
from tests.faults.finding import Finding
from tests.faults.playing import play
from tests.faults.stage import Stage
from tests.faults.table import DrillTable


def _row(number: int, run: Callable[[Stage], list[Finding]]) -> Drill:
    return Drill(number, f"fault {number}", "holds", run)


def _breaks(_stage: Stage) -> list[Finding]:
    raise RuntimeError("out of order")


def test_row_that_raises_or_finds_nothing_is_missed_and_the_others_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    good = Finding("what", "1", "[1]", passed=True)
    slow = Finding("what", "1 s", "2 s", passed=False, clock=True)
    rows = [
        _row(1, lambda _: [good]),
        _row(2, _breaks),
        _row(3, lambda _: []),
        _row(4, lambda _: [good, slow]),
        _row(5, lambda _: [good]),
    ]

    with Stage(long=False) as stage:
        results = play(rows, stage, DrillTable())

    printed = capsys.readouterr()
    assert [result.number for result in results if not result.passed] == [2, 3, 4]
    assert [line.split()[0] for line in printed.out.splitlines() if "fault" in line] == ["1", "2", "3", "4", "5"]
    assert "RuntimeError: out of order" in printed.out
    assert "Traceback" in printed.err
    assert printed.out.count("MISS") == 3
    assert "[1]" in printed.out


def test_catalogue_finds_the_rows_by_number() -> None:
    assert {5, 18, 27} <= catalogue().keys()
