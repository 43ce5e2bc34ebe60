"""What the stack prints."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local_stack.data_dir import DataDir
from local_stack.status import Row

#: Given out in the order in which the processes come up.
_COLOURS = (
    "cyan",
    "magenta",
    "green",
    "yellow",
    "blue",
    "bright_magenta",
    "bright_green",
    "bright_yellow",
    "bright_cyan",
)
_NAME_WIDTH = 16
#: Wider than any terminal: lines wrap there, while addresses in a table are never cut short.
_WIDTH = 400
_TAIL_LINES = 20
_MIB = 1024 * 1024

_FIRST_CALL = """\
Try it:
  curl -i {url}/api/users/reg -H 'Content-Type: application/json' \\
    -d '{{"email": "joan@example.com", "name": "Joan", "password": "a-long-walk-in-the-rain"}}'
Then open {url}/docs, and watch {admin_url}/status"""
_IN_THE_FOREGROUND = "Ctrl-C stops everything."
_IN_THE_BACKGROUND = "{logs} shows what happens, {down} stops everything."


class Screen:
    """Standard output, in colours if it is a terminal (or FORCE_COLOR says so, unless NO_COLOR does)."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, width=_WIDTH)
        self._colours: dict[str, str] = {}

    def line(self, name: str, text: str) -> None:
        """One line that concerns the process ``name``."""
        prefix = Text(f"{name:<{_NAME_WIDTH}} | ", style=self._colour(name))
        self._console.print(prefix + Text.from_ansi(text), soft_wrap=True)

    def say(self, text: str) -> None:
        """A sentence to the person at the terminal."""
        self._console.print(Text(text), soft_wrap=True)

    def table(self, rows: Sequence[Row]) -> None:
        """What runs where, how it is, and how much memory it takes."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("NAME", "STATE", "PID", "ADDRESS", "ADMIN"):
            table.add_column(heading, no_wrap=True)
        table.add_column("MEMORY", justify="right", no_wrap=True)
        for row in rows:
            cells = (row.name, row.state, str(row.pid), row.url, row.admin_url or "", _mib(row.rss_bytes))
            table.add_row(*(Text(cell) for cell in cells))
        table.add_row("total", "", "", "", "", _mib(sum(row.rss_bytes for row in rows)), style="bold")
        self._console.print(table)
        for row in rows:
            if row.reason:
                self.say(f"{row.name}: {row.reason}")

    def first_steps(self, gateway_url: str, admin_url: str, detached: DataDir | None) -> None:
        """A request to begin with, where to see what it does, and how to stop.

        ``detached`` is the data folder of a stack in the background, None for one in the foreground.
        """
        self.say(_FIRST_CALL.format(url=gateway_url, admin_url=admin_url))
        if detached is None:
            self.say(_IN_THE_FOREGROUND)
        else:
            self.say(_IN_THE_BACKGROUND.format(logs=detached.command("logs", "-f"), down=detached.command("down")))

    def _colour(self, name: str) -> str:
        return self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / _MIB:.0f} MiB"


def tail(log: Path) -> str:
    """The end of a log."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError as exc:
        return f"(no log: {exc.strerror})"
    return "\n".join(lines[-_TAIL_LINES:])
