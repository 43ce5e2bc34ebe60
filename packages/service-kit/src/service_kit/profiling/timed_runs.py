"""Measurements that take their time: one at once, for a bounded time, and not a moment longer than anybody waits."""

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException
from starlette.types import Receive

LONGEST_S = 300


class TimedRuns:
    """At most one runs at a time: two would measure one another."""

    def __init__(self) -> None:
        self._running: str | None = None
        self._until_s = 0.0
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End what runs now, with what it has found; refuse all further ones."""
        self._closing.set()

    @contextmanager
    def alone(self, what: str, seconds: int) -> Iterator[None]:
        """Hold the one place. HTTPException: 409, somebody else has it; 503, the process is about to stop."""
        if self._closing.is_set():
            raise HTTPException(503, "The process is about to stop.")
        if self._running is not None:
            left_s = max(1, math.ceil(self._until_s - time.monotonic()))
            detail = f"{self._running} runs already, for another {left_s} s; one at a time."
            raise HTTPException(409, detail, {"retry-after": str(left_s)})
        self._running, self._until_s = what, time.monotonic() + seconds
        try:
            yield
        finally:
            self._running = None

    async def last(self, seconds: int, receive: Receive) -> bool:
        """Wait for so long, or until `close`. False, at once: the client has left."""
        left = asyncio.create_task(_left(receive))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({left, closing}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return not left.done()
        finally:
            left.cancel()
            closing.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
