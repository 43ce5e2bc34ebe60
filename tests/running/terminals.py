"""Where tests type `just up` and the like, against a stack that they start, break and stop as they like."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

from tests.running.stacks import LENIENT, Stack, assert_logs_untold, free_offset, local_stack


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where one types `just up` and the like, always for the same data and ports."""

    data_dir: Path
    offset: int

    def up(self, *options: str, prometheus: bool = False, **environ: str) -> CompletedProcess[str]:
        """`just up -d`, without Prometheus unless the test says so."""
        recorded = () if prometheus else ("--no-prometheus",)
        arguments = ("-d", *recorded, "--data-dir", str(self.data_dir), "--port-offset", str(self.offset), *options)
        return local_stack("up", *arguments, **{**LENIENT, **environ})

    def type(self, command: str, *arguments: str, **environ: str) -> CompletedProcess[str]:
        """Another command."""
        return local_stack(command, "--data-dir", str(self.data_dir), *arguments, **environ)

    @property
    def stack(self) -> Stack:
        """What runs."""
        return Stack(self.data_dir, LENIENT)


@contextmanager
def new_terminal() -> Iterator[Terminal]:
    """One with no data yet; what still runs there at the end is stopped."""
    with TemporaryDirectory(prefix="headrace-stack-", ignore_cleanup_errors=True) as folder:
        terminal = Terminal(Path(folder) / "data", free_offset())
        yield terminal
        terminal.type("down")
        assert_logs_untold(terminal.data_dir)
