"""Work in a process of its own, so that it does not keep those from their clocks who measure."""

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


class Aside:
    """The process, once it is there: to start one costs the machine more than much of what it is for."""

    def __init__(self, processes: ProcessPoolExecutor) -> None:
        self._processes = processes

    async def do(self, work: Callable[..., T], *arguments: object) -> T:
        """What ``work``, a function of a module, returns there. It makes room for others, but not for all of them."""
        return await asyncio.get_running_loop().run_in_executor(self._processes, work, *arguments)


@asynccontextmanager
async def aside(*modules: str) -> AsyncIterator[Aside]:
    """A process that has imported ``modules`` and waits for work, for as long as the context lasts."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=os.nice, initargs=(_NICENESS,)) as processes:
        process = Aside(processes)
        await process.do(_import, modules)
        yield process


def _import(modules: tuple[str, ...]) -> None:
    for module in modules:
        importlib.import_module(module)
