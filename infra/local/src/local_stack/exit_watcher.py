"""Detects that a process of a stack has exited for good, not for a restart."""

import asyncio
import subprocess
from collections.abc import Mapping

from local_stack import state
from local_stack.data_dir import DataDir
from local_stack.processes import is_running, marker

_POLL_S = 0.2


class ExitWatcher:
    """Watches the processes in state.json; ``children`` are those that this command started, by name.

    A command that stops or restarts processes holds the lock of the data folder meanwhile.
    """

    def __init__(self, data: DataDir, children: Mapping[str, subprocess.Popen[bytes]]) -> None:
        self._data = data
        self._children = children
        #: The exit codes of exited processes by name; None for one that this command did not start.
        self.ended: dict[str, int | None] = {}

    async def until_one_ends(self) -> None:
        """Returns once a process has exited for good, or another command has stopped the whole stack."""
        while True:
            await asyncio.sleep(_POLL_S)
            if not self._dead() and not self._is_over():
                continue
            with self._data.locked_if_free() as locked:
                if locked:
                    self.ended = self._dead()
                    if self.ended or self._is_over():
                        return

    def _dead(self) -> dict[str, int | None]:
        # Poll every child, even a replaced one: else it would stay a zombie.
        codes = {child.pid: child.poll() for child in self._children.values()}
        recorded = state.read(self._data.state).items()
        return {name: codes.get(process.pid) for name, process in recorded if not self._lives(name, process.pid, codes)}

    def _lives(self, name: str, pid: int, codes: Mapping[int, int | None]) -> bool:
        return codes[pid] is None if pid in codes else is_running(pid, marker(self._data.root, name))

    def _is_over(self) -> bool:
        return not self._data.state.exists() and all(child.returncode is not None for child in self._children.values())
