"""The table that `just drill` prints row by row."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.faults.drill import Drill
from tests.faults.finding import Finding

#: The least width, also for a pipe or a file.
_WIDTH = 150


class DrillTable:
    """Writes to standard output; each row is printed before the next one is played."""

    def __init__(self) -> None:
        self._console = Console(width=max(_WIDTH, Console().width), highlight=False)

    def heading(self) -> None:
        """Prints the heading of the columns."""
        table = _columns()
        table.add_row("#", "FAULT", "WHAT", "EXPECTED", "MEASURED", "", style="bold")
        self._console.print(table)

    def playing(self, drill: Drill) -> None:
        """Shows on a terminal which row is being played; the row itself replaces this line."""
        if self._console.is_terminal:
            self._console.print(Text(f" {drill.number:>2}  {drill.fault} …", style="dim"), end="\r")

    def row(self, drill: Drill, findings: Sequence[Finding], took_s: float) -> None:
        """Prints all findings of a row, the fault beside the first one."""
        table = _columns()
        about = Text.assemble(drill.fault, "\n", (f"{drill.must} [{took_s:.0f} s]", "dim"))
        head: tuple[Text, Text] = (Text(str(drill.number)), about)
        for finding in findings:
            verdict = Text("pass", style="green") if finding.passed else Text("MISS", style="bold red")
            table.add_row(*head, *map(Text, (finding.what, finding.expected, finding.measured)), verdict)
            head = (Text(), Text())
        self._console.print(table)

    def print_raw(self, rows: str) -> None:
        """Prints rows that another process has formatted."""
        self._console.out(rows, end="", highlight=False)

    def end(self, verdict: str, *, passed: bool) -> None:
        """Prints the last line."""
        self._console.print(f"\n{verdict}", style="bold green" if passed else "bold red")


def _columns() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=3, justify="right")
    for ratio in (10, 8, 6, 8):
        table.add_column(ratio=ratio)
    table.add_column(width=4)
    return table
