"""Terminal output of the local stack."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local_stack.data_dir import DataDir
from local_stack.status import Row

#: Assigned in the order in which the processes start.
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
#: Wider than any terminal: the terminal wraps lines, and addresses in the table are never truncated.
_WIDTH = 400
_TAIL_LINES = 20
_MIB = 1024 * 1024

_FIRST_CALL = """\
Try it:
  curl -i {register} -H 'Content-Type: application/json' \\
    -d '{{"email": "joan@example.com", "name": "Joan", "password": "a-long-walk-in-the-rain"}}'
Then open {url}/docs, and watch {admin_url}/status"""
_IN_THE_FOREGROUND = "Ctrl-C stops everything."
_IN_THE_BACKGROUND = "{logs} shows the logs, {down} stops everything."


class Screen:
    """Standard output, coloured on a terminal or with FORCE_COLOR, never with NO_COLOR."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, width=_WIDTH)
        self._colours: dict[str, str] = {}

    def line(self, name: str, text: str) -> None:
        """Prints one line of the process ``name``, prefixed with the name."""
        prefix = Text(f"{name:<{_NAME_WIDTH}} | ", style=self._colour(name))
        self._console.print(prefix + Text.from_ansi(text), soft_wrap=True)

    def say(self, text: str) -> None:
        """Prints a message to the operator."""
        self._console.print(Text(text), soft_wrap=True)

    def table(self, rows: Sequence[Row]) -> None:
        """Prints each process with its state, addresses and memory, and the reason where one is not ready."""
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
        """Prints a first request, where to watch it, and how to stop.

        Args:
            gateway_url: the public URL of the gateway.
            admin_url: the admin URL of the gateway.
            detached: the data folder of a stack in the background; None for one in the foreground.
        """
        # An IPv6 host is in brackets, which a shell takes for a pattern: quote the URL where it needs that.
        register = shlex.quote(f"{gateway_url}/api/users/reg")
        self.say(_FIRST_CALL.format(register=register, url=gateway_url, admin_url=admin_url))
        if detached is None:
            self.say(_IN_THE_FOREGROUND)
        else:
            self.say(_IN_THE_BACKGROUND.format(logs=detached.command("logs", "-f"), down=detached.command("down")))

    def _colour(self, name: str) -> str:
        return self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / _MIB:.0f} MiB"


def tail(log: Path) -> str:
    """Returns the last 20 lines of a log."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError as exc:
        return f"(no log: {exc.strerror})"
    return "\n".join(lines[-_TAIL_LINES:])
