"""docs/faults.md, as `just drill --markdown` writes it."""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults import __main__ as command
from tests.faults.catalogue import catalogue
from tests.faults.drill import Drill, Result, read_results, write_results
from tests.faults.finding import Finding
from tests.faults.report import MARKER, REPORT, markdown

GOOD = Finding("failures", "0", "0", passed=True)
SLOW = Finding("the longest | wait", "\u2264 1 s", "2 s", passed=False, clock=True)
DRILLS = {
    1: Drill(1, "kill -9 a_service", "routes answer 503\nothers work", lambda _: []),
    2: Drill(2, "nothing", "nothing", lambda _: []),
}


def test_report_has_a_line_per_row_in_order_with_required_and_measured_behaviour() -> None:
    results = [Result(2, [GOOD]), Result(1, [GOOD, SLOW])]
    page = markdown("", DRILLS, results, datetime(2026, 12, 1, tzinfo=UTC))

    assert "on 2026-12-01" in page
    assert "2 rows, 1 missed" in page
    assert page.splitlines()[-2:] == [
        "| 1 | kill -9 a\\_service | routes answer 503<br>others work "
        "| failures: 0 (0)<br>MISS: the longest \\| wait\\*: 2 s (\u2264 1 s) | **MISS** |",
        "| 2 | nothing | nothing | failures: 0 (0) | pass |",
    ]


def test_report_of_the_real_rows_has_five_cells_per_line() -> None:
    drills = catalogue()
    page = markdown("", drills, [Result(number, [GOOD]) for number in drills], datetime.now(UTC))

    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(drills)
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}


def test_report_keeps_the_text_above_the_marker_and_replaces_the_rest() -> None:
    once = markdown(f"# By hand\n\n{MARKER}old\n", DRILLS, [Result(1, [SLOW])], datetime.now(UTC))
    again = markdown(once, DRILLS, [Result(1, [GOOD])], datetime.now(UTC))

    assert again.startswith(f"# By hand\n\n{MARKER}\nMeasured on")
    assert "old" not in once
    assert again.count("| 1 |") == 1
    assert "MISS" not in again


def test_documentation_has_the_marker() -> None:
    assert MARKER in REPORT.read_text()


def test_results_pass_unchanged_between_processes(tmp_path: Path) -> None:
    results = [Result(1, [GOOD, SLOW])]

    write_results(tmp_path / "results.json", results)

    assert read_results(tmp_path / "results.json") == results


def test_markdown_with_single_rows_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["drill", "--markdown", "5"])

    with pytest.raises(SystemExit) as refused:
        command.main()

    assert refused.value.code == 2
    assert "all rows" in capsys.readouterr().err


def test_markdown_writes_the_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    report = tmp_path / "faults.md"
    monkeypatch.setattr(command, "REPORT", report)
    monkeypatch.setattr(command, "catalogue", lambda: {1: DRILLS[1]})
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(command, "play", lambda *_: [Result(1, [GOOD])])
    monkeypatch.setattr(sys, "argv", ["drill", "--markdown", "--short"])

    assert command.main() == 0

    assert "1 rows, 0 missed" in report.read_text()
