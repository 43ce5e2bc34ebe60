"""Processes with a public server."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_PATIENCE_S = 20


@dataclass(frozen=True)
class EdgeProcess:
    """A process, and the port that it listens on."""

    process: "subprocess.Popen[str]"
    port: int

    def stop(self) -> float:
        """Sends SIGTERM, checks that the exit code is 0, and returns how long the exit took in seconds."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(_PATIENCE_S) == 0
        return time.monotonic() - begun


@contextmanager
def edge_process(port: int = 0, *, drain_s: float = 2.0) -> Iterator[EdgeProcess]:
    """A process that listens on ``port``, which others may share."""
    command = [sys.executable, "-m", f"{__package__}.edge_process", str(port), str(drain_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield EdgeProcess(process, int(process.stdout.readline()))
        finally:
            if process.poll() is None:
                process.kill()
