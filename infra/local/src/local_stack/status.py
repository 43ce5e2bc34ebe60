"""How the processes of a stack are."""

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
    """One process; ``reason`` says why it is not ready. ``rss_bytes`` includes its own child processes."""

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
        """In a word or two."""
        if not self.running:
            return "not running"
        return "ready" if self.ready else "not ready"


async def gather(data: DataDir) -> list[Row]:
    """A row for each process that the stack was started with; none when there is no stack."""
    return list(await asyncio.gather(*(_row(data, *entry) for entry in state.read(data.state).items())))


async def _row(data: DataDir, name: str, process: state.Process) -> Row:
    running = is_running(process.pid, marker(data.root, name))
    answer = await _answer(process) if running else readiness.Answer(ready=False, reason="")
    rss_bytes = _rss_bytes(process.pid) if running else 0
    return Row(name, process.pid, process.url, process.admin_url, running, answer.ready, answer.reason, rss_bytes)


async def _answer(process: state.Process) -> readiness.Answer:
    if process.admin_url is not None:
        return await readiness.ask(process.admin_url)
    place = urlsplit(process.url)
    try:
        _, writer = await asyncio.open_connection(place.hostname, place.port)
    except OSError as exc:
        return readiness.Answer(ready=False, reason=str(exc))
    writer.close()
    return readiness.Answer(ready=True, reason="")


def _rss_bytes(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        return sum(int(member.memory_info().rss) for member in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    """All rows by name, and the sum of them: `ready` means every one of at least one."""
    return {
        "running": bool(rows) and all(row.running for row in rows),
        "ready": bool(rows) and all(row.ready for row in rows),
        "rss_bytes": sum(row.rss_bytes for row in rows),
        "services": {row.name: {k: v for k, v in asdict(row).items() if k != "name"} for row in rows},
    }
