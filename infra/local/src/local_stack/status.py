"""The status of each process of a stack."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil

from local_stack import readiness, state
from local_stack.data_dir import DataDir
from local_stack.processes import is_running, marker


@dataclass(frozen=True, slots=True)
class Row:
    """One process; ``reason`` says why it is not ready, and ``rss_bytes`` includes its child processes."""

    name: str
    pid: int
    url: str
    admin_url: str | None
    running: bool
    ready: bool
    reason: str
    rss_bytes: int

    @property
    def state(self) -> str:
        """The state as shown in the table."""
        if not self.running:
            return "not running"
        return "ready" if self.ready else "not ready"


async def gather(data: DataDir) -> list[Row]:
    """Returns a row per process that the stack was started with; none if there is no stack."""
    return list(await asyncio.gather(*(_row(data, *entry) for entry in state.read(data.state).items())))


async def _row(data: DataDir, name: str, process: state.Process) -> Row:
    running = is_running(process.pid, marker(data.root, name))
    status = await _readiness(process) if running else readiness.Readiness(ready=False, reason="")
    rss_bytes = _rss_bytes(process.pid) if running else 0
    return Row(name, process.pid, process.url, process.admin_url, running, status.ready, status.reason, rss_bytes)


async def _readiness(process: state.Process) -> readiness.Readiness:
    if process.admin_url is not None:
        return await readiness.check(process.admin_url)
    place = urlsplit(process.url)
    try:
        _, writer = await asyncio.open_connection(place.hostname, place.port)
    except OSError as exc:
        return readiness.Readiness(ready=False, reason=str(exc))
    writer.close()
    return readiness.Readiness(ready=True, reason="")


def _rss_bytes(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        return sum(int(member.memory_info().rss) for member in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    """Returns all rows by name, and their totals: `ready` is true if there are processes and all are ready."""
    return {
        "running": bool(rows) and all(row.running for row in rows),
        "ready": bool(rows) and all(row.ready for row in rows),
        "rss_bytes": sum(row.rss_bytes for row in rows),
        "services": {row.name: {k: v for k, v in asdict(row).items() if k != "name"} for row in rows},
    }
