"""Measurements over time: one at once, for a bounded time, ended early when the client disconnects."""

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException
from starlette.types import Receive

LONGEST_S = 300


class TimedRuns:
    """Admits one measurement at a time: two would measure each other."""

    def __init__(self) -> None:
        self._running: str | None = None
        self._until_s = 0.0
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Ends the running measurement, which returns what it has found, and refuses further ones."""
        self._closing.set()

    @contextmanager
    def alone(self, what: str, seconds: int) -> Iterator[None]:
        """Reserves the measurement inside the `with`.

        Raises:
            HTTPException: 409: another one is running; 503: the process is stopping.
        """
        if self._closing.is_set():
            raise HTTPException(503, "The process is stopping.")
        if self._running is not None:
            left_s = max(1, math.ceil(self._until_s - time.monotonic()))
            detail = f"{self._running} is running, for another {left_s} s; only one can run at a time."
            raise HTTPException(409, detail, {"retry-after": str(left_s)})
        self._running, self._until_s = what, time.monotonic() + seconds
        try:
            yield
        finally:
            self._running = None

    async def last(self, seconds: int, receive: Receive) -> bool:
        """Returns True after ``seconds``, or at `close`; returns False as soon as the client disconnects."""
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
