"""docs/faults.md: the required and the measured behaviour of every row of the drill."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from tests.faults.drill import Drill, Result
from tests.faults.finding import Finding

REPORT = Path(__file__).resolve().parents[2] / "docs" / "faults.md"

#: The text above this line is written by hand, and kept.
MARKER = "<!-- Below: written by just drill --markdown. -->\n"
_SUMMARY = """\
Measured on {day}, on {cores} processors: {rows} rows, {missed} missed. What is marked with \\* depends on their speed.
"""
_TABLE = """\

| # | fault | what must happen | measured (expected) | |
|---|---|---|---|---|
"""


def markdown(current: str, drills: Mapping[int, Drill], results: Sequence[Result], at: datetime) -> str:
    """Returns the page with these results.

    Args:
        current: the page as it is; what stands above the marker is kept.
        drills: all rows by number.
        results: of all rows.
        at: the time of the measurement.
    """
    head = current.partition(MARKER)[0] if MARKER in current else "# Faults\n\n"
    missed = sum(not result.passed for result in results)
    summary = _SUMMARY.format(day=f"{at:%Y-%m-%d}", cores=os.cpu_count(), rows=len(results), missed=missed)
    ordered = sorted(results, key=lambda result: result.number)
    return f"{head}{MARKER}\n{summary}{_TABLE}" + "".join(_row(drills[result.number], result) for result in ordered)


def _row(drill: Drill, result: Result) -> str:
    measured = "<br>".join(_cell(_line(finding)) for finding in result.findings)
    verdict = "pass" if result.passed else "**MISS**"
    return f"| {drill.number} | {_cell(drill.fault)} | {_cell(drill.must)} | {measured} | {verdict} |\n"


def _line(finding: Finding) -> str:
    missed = "" if finding.passed else "MISS: "
    return f"{missed}{finding.what}{'*' if finding.clock else ''}: {finding.measured} ({finding.expected})"


def _cell(text: str) -> str:
    """Escapes what would end a cell, or be read as HTML or emphasis."""
    escaped = (
        text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")
    )
    return escaped.replace("\n", "<br>")
