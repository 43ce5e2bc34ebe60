"""Plays rows one after the other, and rows that take minutes in processes beside them."""

import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.drill import Drill, Result, read_results
from tests.faults.finding import Finding
from tests.faults.stage import Stage
from tests.faults.table import DrillTable

_ENDED_WITHIN_S = 60


def play(drills: Sequence[Drill], stage: Stage, table: DrillTable) -> list[Result]:
    """Plays the rows in order, prints each as it ends, and returns the results."""
    results = []
    for drill in drills:
        table.playing(drill)
        began_s = time.monotonic()
        result = Result(drill.number, _findings_of(drill, stage))
        table.row(drill, result.findings, time.monotonic() - began_s)
        results.append(result)
    return results


def _findings_of(drill: Drill, stage: Stage) -> list[Finding]:
    try:
        return drill.run(stage) or [Finding("the row itself", "has findings", "none", passed=False)]
    except Exception as exc:  # a row that raises is missed, and the others are still played
        traceback.print_exc()
        return [Finding("the row itself", "runs to its end", f"{type(exc).__name__}: {exc}", passed=False)]


class SideProcess:
    """A row that is played in its own process; ``folder`` is for its results."""

    def __init__(self, drill: Drill, folder: Path) -> None:
        self._number = drill.number
        self._results = folder / f"{drill.number}.json"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults", str(drill.number), "--bare", "--results", str(self._results)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    def finish(self, table: DrillTable) -> Result:
        """Waits for its end, prints its output, and returns its result."""
        rows, _ = self._process.communicate()
        table.print_raw(rows)
        if self._results.exists():
            (result,) = read_results(self._results)
            return result
        code = self._process.returncode
        return Result(
            self._number, [Finding("the row itself", "runs to its end", f"exited with code {code}", passed=False)]
        )

    def end(self) -> None:
        """Stops it, with everything that it has started, if it still runs."""
        self._process.terminate()
        try:
            self._process.wait(_ENDED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def side_processes(drills: Sequence[Drill]) -> Iterator[list[SideProcess]]:
    """Plays these rows, each in its own process; none of them outlives the context."""
    started: list[SideProcess] = []
    with TemporaryDirectory(prefix="headrace-drill-") as folder:
        try:
            started.extend(SideProcess(drill, Path(folder)) for drill in drills)
            yield started
        finally:
            for each in started:
                each.end()
