"""Writes lines to standard output, with one system call for all lines of one iteration of the event loop."""

import asyncio
import sys
from collections import deque


class LineOutput:
    """Batches lines that are not urgent until the end of the event loop's iteration.

    Under load a process logs many requests in one iteration, and a system call per line costs more than the rest of the
    line. Outside of an event loop, every line is written at once.
    """

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()

    def write(self, line: str, *, urgent: bool) -> None:
        """Writes ``line``, given without its line end; an urgent one at once, after all that wait."""
        self._waiting.append(line)
        loop = None if urgent else asyncio._get_running_loop()  # noqa: SLF001 (the public way raises where there is none)
        if loop is None:
            self.flush()
        elif len(self._waiting) == 1:
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Writes all lines that wait."""
        text = ""
        while self._waiting:
            # One by one: another thread may flush at the same time.
            text += self._waiting.popleft() + "\n"
        # Looked up each time: standard output may have been replaced.
        sys.stdout.write(text)
        sys.stdout.flush()
