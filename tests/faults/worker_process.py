"""Runs work in a separate process, so that it does not delay the event loop that measures."""

import asyncio
import importlib
import multiprocessing
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")

_NICENESS = 15


class WorkerProcess:
    """A running process; starting one costs more than most of the work it is used for."""

    def __init__(self, processes: ProcessPoolExecutor) -> None:
        self._processes = processes

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """Runs ``work``, a function of a module, in the process at low priority, and returns its result."""
        return await asyncio.get_running_loop().run_in_executor(self._processes, work, *arguments)


@asynccontextmanager
async def worker_process(*modules: str) -> AsyncIterator[WorkerProcess]:
    """Yields a process that has imported ``modules`` and waits for work."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=os.nice, initargs=(_NICENESS,)) as processes:
        worker = WorkerProcess(processes)
        await worker.run(_import, modules)
        yield worker


def _import(modules: tuple[str, ...]) -> None:
    for module in modules:
        importlib.import_module(module)
