"""A core for the process that is measured, and the others for the rest, so that neither is moved about."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_THIS = 0
_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
#: How many this process may use.
CORES = len(_CORES) or os.cpu_count() or 1


def give_own_core(pid: int) -> None:
    """Let the process ``pid`` run on the first core only. Without effect where there is but one, or no affinity."""
    _pin(pid, _CORES[:1])


@contextmanager
def keeping_off_own_core(pids: Iterable[int]) -> Iterator[None]:
    """Let the processes ``pids``, this one, and what it starts inside the context run on the other cores only."""
    for pid in (*pids, _THIS):
        _pin(pid, _CORES[1:])
    try:
        yield
    finally:
        _pin(_THIS, _CORES)


def _pin(pid: int, cores: list[int]) -> None:
    if len(_CORES) > 1:
        os.sched_setaffinity(pid, cores)
