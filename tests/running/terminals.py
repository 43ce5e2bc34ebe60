"""Runs `just up` and the other commands on a stack that a test starts, breaks and stops."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

from tests.running.stacks import LENIENT, Stack, assert_logs_clean, free_offset, local_stack


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal for one data folder and port offset."""

    data_dir: Path
    offset: int

    def up(self, *options: str, prometheus: bool = False, **environ: str) -> CompletedProcess[str]:
        """Runs `just up -d`, without Prometheus by default."""
        recorded = () if prometheus else ("--no-prometheus",)
        arguments = ("-d", *recorded, "--data-dir", str(self.data_dir), "--port-offset", str(self.offset), *options)
        return local_stack("up", *arguments, **{**LENIENT, **environ})

    def run(self, command: str, *arguments: str, **environ: str) -> CompletedProcess[str]:
        """Runs another command."""
        return local_stack(command, "--data-dir", str(self.data_dir), *arguments, **environ)

    @property
    def stack(self) -> Stack:
        """Returns the running stack."""
        return Stack(self.data_dir, LENIENT)


@contextmanager
def new_terminal() -> Iterator[Terminal]:
    """Yields a terminal with an empty data folder; what still runs at the end is stopped."""
    with TemporaryDirectory(prefix="headrace-stack-", ignore_cleanup_errors=True) as folder:
        terminal = Terminal(Path(folder) / "data", free_offset())
        yield terminal
        terminal.run("down")
        assert_logs_clean(terminal.data_dir)
