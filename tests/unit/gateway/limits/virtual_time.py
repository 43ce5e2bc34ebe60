"""An event loop in virtual time, which jumps to the next timer: fast and deterministic."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Time passes only while all tasks wait. Raises RuntimeError when they wait for ever."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(_LeapingSelector(self))

    def time(self) -> float:
        return self.now


class _LeapingSelector(selectors.SelectSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen")
        self._loop.now += timeout
        return super().select(0)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs ``coroutine`` to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)
