"""What must be closed again, in the reverse order of entry, each within its time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from loguru import logger

#: A close that takes longer (seconds) is given up.
_CLOSE_TIMEOUT_S = 5.0
#: What each close gets (seconds) even when all are late.
_LEAST_CLOSE_TIMEOUT_S = 0.1


@dataclass(frozen=True, slots=True)
class _Entered:
    name: str
    close: Callable[[], Awaitable[object]]


class Closing:
    """A stack of things to close."""

    def __init__(self) -> None:
        self._entered: list[_Entered] = []

    def push(self, name: str, close: Callable[[], Awaitable[object]]) -> None:
        """Close ``name`` before everything that was pushed earlier."""
        self._entered.append(_Entered(name, close))

    async def close(self, due: float | None) -> None:
        """Close everything, last first; what fails or is late is logged, and does not keep the rest from closing.

        due: when all should be closed, on the clock of time.monotonic(); None: no hurry.
        """
        while self._entered:
            entered = self._entered.pop()
            left_s = _CLOSE_TIMEOUT_S if due is None else min(_CLOSE_TIMEOUT_S, due - time.monotonic())
            await _close(entered, max(left_s, _LEAST_CLOSE_TIMEOUT_S))


async def _close(entered: _Entered, timeout_s: float) -> None:
    try:
        # In this task, not in one of its own: what was entered in a task is left in it.
        async with asyncio.timeout(timeout_s):
            await entered.close()
    except TimeoutError:
        logger.warning("{} did not close within {:.1f} s", entered.name, timeout_s)
    except Exception:  # whatever one close raises, the others must still run
        logger.exception("{} did not close well", entered.name)
    else:
        logger.debug("{} closed", entered.name)
