"""Noticing that a process of a stack has ended, and not just to be started again."""

import asyncio
import subprocess
from collections.abc import Mapping

from local_stack import state
from local_stack.data_dir import DataDir
from local_stack.processes import is_running, marker

_POLL_S = 0.2


class Watch:
    """Watches over the processes in state.json; ``children`` are those that were started here, by name.

    Whoever stops or restarts some on purpose holds the lock of the data folder meanwhile.
    """

    def __init__(self, data: DataDir, children: Mapping[str, subprocess.Popen[bytes]]) -> None:
        self._data = data
        self._children = children
        #: The exit code of each that has ended, by name; None for one that was not started here.
        self.ended: dict[str, int | None] = {}

    async def until_one_ends(self) -> None:
        """Return once a process has ended for good, or somebody else has stopped the whole stack."""
        while True:
            await asyncio.sleep(_POLL_S)
            if not self._dead() and not self._is_over():
                continue
            with self._data.locked_if_free() as ours:
                if ours:
                    self.ended = self._dead()
                    if self.ended or self._is_over():
                        return

    def _dead(self) -> dict[str, int | None]:
        # Every child is asked, even one that was replaced: else it would stay a zombie.
        codes = {child.pid: child.poll() for child in self._children.values()}
        recorded = state.read(self._data.state).items()
        return {name: codes.get(process.pid) for name, process in recorded if not self._lives(name, process.pid, codes)}

    def _lives(self, name: str, pid: int, codes: Mapping[int, int | None]) -> bool:
        return codes[pid] is None if pid in codes else is_running(pid, marker(self._data.root, name))

    def _is_over(self) -> bool:
        return not self._data.state.exists() and all(child.returncode is not None for child in self._children.values())
