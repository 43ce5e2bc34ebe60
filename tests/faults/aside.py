"""Work in a process of its own, so that it does not keep those from their clocks who measure."""

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_NICENESS = 5


async def aside(work: Callable[..., T], *arguments: object) -> T:
    """What ``work``, a function of a module, returns there. It makes room for others, but not for all of them."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=os.nice, initargs=(_NICENESS,)) as processes:
        return await asyncio.get_running_loop().run_in_executor(processes, work, *arguments)
