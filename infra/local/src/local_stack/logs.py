"""Reading the logs of a stack, and following them."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from local_stack.data_dir import DataDir
from local_stack.errors import StackError

_POLL_S = 0.1


class Tail:
    """Reads a growing log line by line; a log that was replaced is read from its start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode = 0
        self._position = 0
        self._partial = b""

    def new_lines(self) -> list[str]:
        """Returns the lines that were completed since the last call."""
        try:
            with self._path.open("rb") as log:
                self._seek(log.fileno())
                log.seek(self._position)
                content = log.read()
        except FileNotFoundError:
            return []
        self._position += len(content)
        *lines, self._partial = (self._partial + content).split(b"\n")
        return [line.decode(errors="replace") for line in lines]

    def _seek(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        if found.st_ino != self._inode or found.st_size < self._position:
            self._inode, self._position, self._partial = found.st_ino, 0, b""


def names(data: DataDir, wanted: str | None) -> list[str]:
    """Returns the names of all logs, or the one wanted.

    Raises:
        StackError: there is no such log.
    """
    found = sorted(path.stem for path in data.logs.glob("*.log"))
    if wanted is None:
        return found
    if wanted not in found:
        raise StackError(f"there is no log of {wanted!r}; there are: {', '.join(found) or 'none'}")
    return [wanted]


class LogFollower:
    """Shows the last lines of each log, or of the one wanted, and then new lines."""

    def __init__(self, data: DataDir, wanted: str | None, last: int, show: Callable[[str, str], None]) -> None:
        """Creates a follower.

        Args:
            data: the data folder.
            wanted: the name of one log; None for all.
            last: the number of lines to begin with; 0 for all.
            show: receives the name of the log and a line.
        """
        self._data = data
        self._wanted = wanted
        self._last = last
        self._show = show
        self._tails: dict[str, Tail] = {}

    def show_new(self) -> None:
        """Shows the lines added since the last call."""
        for name in names(self._data, self._wanted):
            is_new = name not in self._tails
            lines = self._tails.setdefault(name, Tail(self._data.log(name))).new_lines()
            for line in _last(lines, self._last) if is_new else lines:
                self._show(name, line)

    async def follow(self) -> None:
        """Shows new lines until it is cancelled."""
        while True:
            self.show_new()
            await asyncio.sleep(_POLL_S)


def show_once(data: DataDir, wanted: str | None, last: int, show: Callable[[str, str], None]) -> None:
    """Shows the last lines of each log."""
    for name in names(data, wanted):
        for line in _last(Tail(data.log(name)).new_lines(), last):
            show(name, line)


def _last(lines: Sequence[str], count: int) -> Sequence[str]:
    return lines[-count:] if count else lines
