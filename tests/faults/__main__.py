"""`just drill`: injects the faults of all rows, or of those named, and prints what it measured.

Exit code 1: a required behaviour was missed; 130: interrupted, everything that was started has been stopped.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from tests.faults.catalogue import catalogue
from tests.faults.drill import Drill, Result, write_results
from tests.faults.playing import play, side_processes
from tests.faults.report import REPORT, markdown
from tests.faults.stage import Stage
from tests.faults.table import DrillTable

_INTERRUPTED = 130
_RELATIVE_REPORT = REPORT.relative_to(REPORT.parents[1])


def main() -> int:
    arguments = _arguments()
    drills = catalogue()
    chosen = [drills[number] for number in arguments.rows or drills]
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        results = _play_all(chosen, long=not arguments.short, bare=arguments.bare)
    except KeyboardInterrupt:
        return _INTERRUPTED
    if arguments.results is not None:
        write_results(arguments.results, results)
    if arguments.markdown:
        current = REPORT.read_text() if REPORT.exists() else ""
        REPORT.write_text(markdown(current, drills, results, datetime.now(UTC)))
        print(f"written: {REPORT}")
    return 0 if all(result.passed for result in results) else 1


def _arguments() -> argparse.Namespace:
    numbers = catalogue()
    parser = argparse.ArgumentParser(prog="just drill", description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, metavar="ROW", help="numbers of the rows to play (all)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--short", action="store_true", help="play the short forms, as the test suite does")
    length.add_argument("--long", action="store_true", help="play the long forms (the default)")
    parser.add_argument("--markdown", action="store_true", help=f"write the results of all rows to {_RELATIVE_REPORT}")
    # For the processes of rows that run beside the others: no heading and verdict, and the results in a file.
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--results", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if unknown := [number for number in arguments.rows if number not in numbers]:
        parser.error(f"no such row: {unknown}; there are {', '.join(map(str, numbers))}")
    if arguments.markdown and arguments.rows:
        parser.error("--markdown writes the results of all rows: leave out the numbers")
    return arguments


def _play_all(chosen: Sequence[Drill], *, long: bool, bare: bool) -> list[Result]:
    table = DrillTable()
    if not bare:
        table.heading()
    began_s = time.monotonic()
    in_background = [drill for drill in chosen if drill.in_background and long and len(chosen) > 1]
    with side_processes(in_background) as others:
        with Stage(long=long) as stage:
            results = play([drill for drill in chosen if drill not in in_background], stage, table)
        results += [other.finish(table) for other in others]
    if not bare:
        missed = [result.number for result in results if not result.passed]
        verdict = f"missed: {', '.join(map(str, missed))}" if missed else "all as required"
        table.end(f"{len(chosen)} rows in {time.monotonic() - began_s:.0f} s, {verdict}", passed=not missed)
    return results


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
