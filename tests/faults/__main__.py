"""`just drill`: runs the rows, or those that are named, and says what it found.

Exit code 1: something is not as it must be.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import ExitStack

from rich.console import Console
from rich.markup import escape

from tests.faults.catalogue import catalogue
from tests.faults.drill import Drill
from tests.faults.finding import Finding
from tests.faults.stage import Stage
from tests.running.stacks import Stack, running_stack

_WIDTH = 140


def main() -> int:
    parser = argparse.ArgumentParser(prog="just drill", description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, metavar="ROW", help="the numbers of the rows to run (all)")
    parser.add_argument("--short", action="store_true", help="the short forms, as the test suite runs them")
    arguments = parser.parse_args()
    drills = catalogue()
    if unknown := [number for number in arguments.rows if number not in drills]:
        parser.error(f"no such row: {unknown}; there are {', '.join(map(str, drills))}")
    chosen = [drills[number] for number in arguments.rows or drills]
    console = Console(width=max(_WIDTH, Console().width), highlight=False)
    with ExitStack() as stacks:

        def start(environ: Mapping[str, str], replicas: Mapping[str, int]) -> Stack:
            return stacks.enter_context(running_stack(environ, replicas))

        stage = Stage(start, long=not arguments.short)
        missed = [drill.number for drill in chosen if not _play(drill, stage, console)]
    verdict = f"missed: {', '.join(map(str, missed))}" if missed else "all as it must be"
    console.print(f"\n{len(chosen)} rows, {verdict}", style="bold red" if missed else "bold green")
    return 1 if missed else 0


def _play(drill: Drill, stage: Stage, console: Console) -> bool:
    console.print(f"\n[bold]{drill.number:>2}  {escape(drill.fault)}[/bold]  [dim]{escape(drill.must)}[/dim]")
    started = time.monotonic()
    try:
        findings = drill.run(stage)
    except Exception as exc:  # a row that breaks is a row that is missed; the others have their turn
        traceback.print_exc()
        findings = [Finding("the drill itself", "runs to its end", f"{type(exc).__name__}: {exc}", passed=False)]
    for finding in findings:
        mark = "[green]pass[/green]" if finding.passed else "[bold red]MISS[/bold red]"
        columns = f"{finding.what:<52} {finding.expected:<24} {finding.measured:<30}"
        console.print(f"    {mark}  {escape(columns)}")
    console.print(f"    [dim]{time.monotonic() - started:.1f} s[/dim]")
    return all(finding.passed for finding in findings)


if __name__ == "__main__":
    sys.exit(main())
