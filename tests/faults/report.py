"""docs/faults.md: every row of the drill with the required and the measured behaviour."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from tests.faults.drill import Drill, Result
from tests.faults.finding import Finding

REPORT = Path(__file__).resolve().parents[2] / "docs" / "faults.md"

_HEAD = """\
# Faults: required and measured behaviour

Written by `just drill --markdown` on {day}, on {cores} processors: {rows} rows, {missed} missed. Do not edit.

Each row injects a fault into a running platform and checks the required behaviour. `just drill NUMBER` plays one row;
the code is in [tests/faults/rows](../tests/faults/rows). Findings marked with * depend on the speed of the machine.

| # | Fault | Required | Measured (expected) | |
|---|---|---|---|---|
"""


def markdown(drills: Mapping[int, Drill], results: Sequence[Result], at: datetime) -> str:
    """Returns the page for these results, by the number of the row."""
    ordered = sorted(results, key=lambda result: result.number)
    head = _HEAD.format(
        day=f"{at:%Y-%m-%d}",
        cores=os.cpu_count(),
        rows=len(results),
        missed=sum(not result.passed for result in results),
    )
    return head + "".join(_row(drills[result.number], result) for result in ordered)


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
