"""The processor time of a process."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

_IDLE_WINDOW_S = 0.5


@dataclass(slots=True)
class CpuTime:
    """User and system time in seconds."""

    seconds: float = 0.0


@contextmanager
def cpu_time_of(pid: int) -> Iterator[CpuTime]:
    """Measures the processor time of the process ``pid`` within the context."""
    spent = CpuTime()
    before = _so_far_s(pid)
    yield spent
    spent.seconds = _so_far_s(pid) - before


def wait_until_idle(pid: int) -> None:
    """Waits until the process ``pid`` uses less than 5 % of a core."""
    busy_s = _IDLE_WINDOW_S
    while busy_s > _IDLE_WINDOW_S / 20:
        with cpu_time_of(pid) as spent:
            time.sleep(_IDLE_WINDOW_S)
        busy_s = spent.seconds


def _so_far_s(pid: int) -> float:
    if sys.platform == "linux":
        # MAKE_PROCESS_CPUCLOCK of the kernel (posix-timers.h): nanoseconds; other sources count hundredths of a second.
        return time.clock_gettime((~pid << 3) | 2)
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
