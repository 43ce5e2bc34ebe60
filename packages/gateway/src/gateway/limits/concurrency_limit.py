"""How many requests are worked on at once, and how many may wait for their turn."""

import asyncio
from collections import OrderedDict


class ConcurrencyLimit:
    """Places, handed out first come, first served.

    max_concurrency: the number of places. max_queue: how many may wait. max_wait_s: how long each, in seconds.
    A place that comes free goes straight to whoever waits longest, so a newcomer cannot overtake; a waiter that
    leaves in the same moment passes it on. For one event loop.
    """

    def __init__(self, max_concurrency: int, max_queue: int, max_wait_s: float) -> None:
        if max_concurrency < 1 or max_queue < 0 or max_wait_s < 0:
            raise ValueError("a concurrency limit needs at least 1 place, and neither a negative queue nor wait")
        self.max_concurrency = max_concurrency
        self._max_queue = max_queue
        self._max_wait_s = max_wait_s
        self._in_use = 0
        # The value of a future: True, the place is yours; False, your time is up.
        self._waiters: OrderedDict[asyncio.Future[bool], None] = OrderedDict()

    @property
    def in_use(self) -> int:
        """Places taken."""
        return self._in_use

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._waiters)

    async def acquire(self) -> bool:
        """Take a place, waiting for one if need be. False: the queue is full, or the wait was too long."""
        if self._in_use < self.max_concurrency:
            self._in_use += 1
            return True
        if len(self._waiters) >= self._max_queue or self._max_wait_s == 0:
            return False
        return await self._wait()

    def release(self) -> None:
        """Give the place back."""
        while self._waiters:
            waiter, _ = self._waiters.popitem(last=False)
            # One that was cancelled stands in the queue until its task runs again.
            if not waiter.done():
                waiter.set_result(True)
                return
        self._in_use -= 1

    async def _wait(self) -> bool:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiters[waiter] = None
        timer = loop.call_later(self._max_wait_s, self._give_up, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.result():
                # The place was handed over just before this task was cancelled.
                self.release()
            raise
        finally:
            timer.cancel()
            self._waiters.pop(waiter, None)

    def _give_up(self, waiter: asyncio.Future[bool]) -> None:
        if not waiter.done():
            self._waiters.pop(waiter, None)
            waiter.set_result(False)
