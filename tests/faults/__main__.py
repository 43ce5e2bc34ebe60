"""`just drill`: plays the rows, or those that are named, and says what it found.

Exit code 1: something is not as it must be; 130: it was interrupted, and has stopped what it had started.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

from tests.faults.catalogue import catalogue
from tests.faults.drill import Drill
from tests.faults.playing import beside, play
from tests.faults.stage import Stage
from tests.faults.table import DrillTable

_INTERRUPTED = 130


def main() -> int:
    arguments = _arguments()
    drills = catalogue()
    chosen = [drills[number] for number in arguments.rows or drills]
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _play_all(chosen, long=not arguments.short, bare=arguments.bare)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _arguments() -> argparse.Namespace:
    numbers = catalogue()
    parser = argparse.ArgumentParser(prog="just drill", description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, metavar="ROW", help="the numbers of the rows to play (all)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--short", action="store_true", help="the short forms, as the test suite plays them")
    length.add_argument("--long", action="store_true", help="the long forms (this is the default)")
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)  # the rows without heading and verdict
    arguments = parser.parse_args()
    if unknown := [number for number in arguments.rows if number not in numbers]:
        parser.error(f"no such row: {unknown}; there are {', '.join(map(str, numbers))}")
    return arguments


def _play_all(chosen: Sequence[Drill], *, long: bool, bare: bool) -> int:
    table = DrillTable()
    if not bare:
        table.heading()
    began_s = time.monotonic()
    aside = [drill for drill in chosen if drill.beside and long and len(chosen) > 1]
    with beside(aside) as others:
        with Stage(long=long) as stage:
            missed = play([drill for drill in chosen if drill not in aside], stage, table)
        missed += [other.number for other in others if not other.finish(table)]
    if not bare:
        verdict = f"missed: {', '.join(map(str, missed))}" if missed else "all as it must be"
        table.end(f"{len(chosen)} rows in {time.monotonic() - began_s:.0f} s, {verdict}", passed=not missed)
    return 1 if missed else 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
