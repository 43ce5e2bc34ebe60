"""The two steps of a shutdown: draining requests in flight, then closing in the reverse order of entry."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from loguru import logger

#: Called with the seconds that are left; returns when no request is in flight any more.
Drain = Callable[[float], Awaitable[None]]

#: The longest time for one close (seconds).
_CLOSE_TIMEOUT_S = 5.0
#: The least time for one close (seconds), also after the shutdown's deadline.
_LEAST_CLOSE_TIMEOUT_S = 0.1


async def drain_all(drains: Mapping[str, Drain], timeout_s: float) -> None:
    """Runs all drains concurrently, each for ``timeout_s`` at most; logs those that fail or time out."""
    await asyncio.gather(*(_drain(name, drain, timeout_s) for name, drain in drains.items()))


async def _drain(name: str, drain: Drain, timeout_s: float) -> None:
    log = logger.bind(component=name)
    try:
        async with asyncio.timeout(timeout_s):
            await drain(timeout_s)
    except TimeoutError:
        log.bind(timeout_s=timeout_s).warning("drain timed out with requests in flight")
    except Exception:  # one drain's failure must not keep the others and the closing from running
        log.exception("drain failed")
    else:
        log.debug("drained")


@dataclass(frozen=True, slots=True)
class _Entered:
    name: str
    close: Callable[[], Awaitable[object]]


class ClosingStack:
    """Closes what was entered, last first, each within its time."""

    def __init__(self) -> None:
        self._entered: list[_Entered] = []

    def push(self, name: str, close: Callable[[], Awaitable[object]]) -> None:
        """Adds ``name``, which is closed before everything that was pushed earlier."""
        self._entered.append(_Entered(name, close))

    async def close(self, due: float | None) -> None:
        """Closes everything, last first; logs what fails or times out, and continues.

        due: when all should be closed, on the clock of time.monotonic(); None: no deadline for the whole.
        """
        while self._entered:
            entered = self._entered.pop()
            left_s = _CLOSE_TIMEOUT_S if due is None else min(_CLOSE_TIMEOUT_S, due - time.monotonic())
            await _close(entered, max(left_s, _LEAST_CLOSE_TIMEOUT_S))


async def _close(entered: _Entered, timeout_s: float) -> None:
    log = logger.bind(component=entered.name)
    try:
        # In this task: some contexts must be left in the task that entered them.
        async with asyncio.timeout(timeout_s):
            await entered.close()
    except TimeoutError:
        log.bind(timeout_s=round(timeout_s, 1)).warning("close timed out")
    except Exception:  # one close's failure must not keep the others from running
        log.exception("close failed")
    else:
        log.debug("closed")
