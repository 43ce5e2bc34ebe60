"""The processor time that a process spends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil


@dataclass(slots=True)
class CpuTime:
    """User and system time, in seconds."""

    seconds: float = 0.0


@contextmanager
def cpu_time_of(pid: int) -> Iterator[CpuTime]:
    """Measure what the process ``pid`` spends inside the context."""
    process = psutil.Process(pid)
    spent = CpuTime()
    before = process.cpu_times()
    yield spent
    after = process.cpu_times()
    spent.seconds = after.user - before.user + after.system - before.system
