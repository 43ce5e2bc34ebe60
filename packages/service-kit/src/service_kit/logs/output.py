"""Writing lines to standard output, with one call into the system for all lines of one turn of the event loop."""

import asyncio
import sys
from collections import deque


class LineOutput:
    """Lines that are not urgent wait for the end of the turn of the event loop in which they were written.

    Under load a process writes a line for each of many requests in one turn, and a write of its own for each costs more
    than all else about the line. Outside of an event loop, every line is written at once.
    """

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()

    def write(self, line: str, *, urgent: bool) -> None:
        """Write ``line``, without its line end; an urgent one at once, after all that wait."""
        self._waiting.append(line)
        loop = None if urgent else asyncio._get_running_loop()  # noqa: SLF001 (the public way raises where there is none)
        if loop is None:
            self.flush()
        elif len(self._waiting) == 1:
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write all lines that wait."""
        text = ""
        while self._waiting:
            # One by one: another thread may be at it as well.
            text += self._waiting.popleft() + "\n"
        # Looked up each time: whoever replaces standard output means the log too.
        sys.stdout.write(text)
        sys.stdout.flush()
