"""Playing rows one after the other, and those that take minutes beside them."""

import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.faults.drill import Drill
from tests.faults.finding import Finding
from tests.faults.stage import Stage
from tests.faults.table import DrillTable

_ENDED_WITHIN_S = 60


def play(drills: Sequence[Drill], stage: Stage, table: DrillTable) -> list[int]:
    """Play the rows in order, and print each as it ends; the numbers of those that were missed."""
    missed = []
    for drill in drills:
        table.playing(drill)
        began_s = time.monotonic()
        findings = _found_by(drill, stage)
        table.row(drill, findings, time.monotonic() - began_s)
        if not all(finding.passed for finding in findings):
            missed.append(drill.number)
    return missed


def _found_by(drill: Drill, stage: Stage) -> list[Finding]:
    try:
        return drill.run(stage) or [Finding("the row itself", "finds something", "nothing", passed=False)]
    except Exception as exc:  # a row that breaks is a row that is missed; the others have their turn
        traceback.print_exc()
        return [Finding("the row itself", "runs to its end", f"{type(exc).__name__}: {exc}", passed=False)]


class Beside:
    """A row that is played in a process of its own meanwhile."""

    def __init__(self, drill: Drill) -> None:
        self.number = drill.number
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults", str(drill.number), "--bare"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    def finish(self, table: DrillTable) -> bool:
        """Wait for its end, and print what it has printed; whether it found everything as it must be."""
        rows, _ = self._process.communicate()
        table.as_it_is(rows)
        return self._process.returncode == 0

    def end(self) -> None:
        """Have it stop what it has started, if it still runs."""
        self._process.terminate()
        try:
            self._process.wait(_ENDED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def beside(drills: Sequence[Drill]) -> Iterator[list[Beside]]:
    """These rows, each in a process of its own; none of them outlives the context."""
    started: list[Beside] = []
    try:
        started.extend(Beside(drill) for drill in drills)
        yield started
    finally:
        for each in started:
            each.end()
