"""Pins the measured process to one core and everything else to the others, so that the scheduler moves neither."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_THIS = 0
_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
#: The cores that this process may use.
CORES = len(_CORES) or os.cpu_count() or 1


def give_own_core(pid: int) -> None:
    """Pins the process ``pid`` to the first core; no effect with a single core or without affinity."""
    _pin(pid, _CORES[:1])


@contextmanager
def keeping_off_own_core(pids: Iterable[int]) -> Iterator[None]:
    """Pins the processes ``pids``, this one and its new children to the other cores, within the context."""
    for pid in (*pids, _THIS):
        _pin(pid, _CORES[1:])
    try:
        yield
    finally:
        _pin(_THIS, _CORES)


def _pin(pid: int, cores: list[int]) -> None:
    if len(_CORES) > 1:
        os.sched_setaffinity(pid, cores)
