"""A number of places, and the line of those who wait for one."""

import asyncio
from collections import OrderedDict


class Places:
    """Places, handed out first come, first served; their number may change at any time.

    A place that comes free goes straight to whoever waits longest, so a newcomer cannot overtake; a waiter that leaves
    in the same moment passes it on. Where the number shrinks, those inside stay, and nobody enters until it is kept.
    For one event loop.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_use = 0
        # When each came. The result of a future: True, the place is yours; False, your time is up.
        self._line: OrderedDict[asyncio.Future[bool], float] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    def take(self) -> bool:
        """Take a place if one is free."""
        if self.in_use >= self.limit:
            return False
        self.in_use += 1
        return True

    def first_came_at(self, default: float) -> float:
        """When the first in line came, as they said; ``default`` if nobody waits."""
        return next(iter(self._line.values()), default)

    async def wait(self, longest_s: float, came_at: float) -> bool:
        """Join the line for at most so many seconds; whether a place was given."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._line[waiter] = came_at
        timer = loop.call_later(longest_s, self._give_up, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.result():
                # The place was handed over just before this task was cancelled.
                self.give_back()
            raise
        finally:
            timer.cancel()
            self._line.pop(waiter, None)

    def give_back(self) -> None:
        """Give a place back."""
        self.in_use -= 1
        self._hand_out()

    def resize(self, limit: int) -> None:
        """Have so many places from now on."""
        self.limit = limit
        self._hand_out()

    def _hand_out(self) -> None:
        while self._line and self.in_use < self.limit:
            waiter, _ = self._line.popitem(last=False)
            # One that was cancelled stands in line until its task runs again.
            if not waiter.done():
                self.in_use += 1
                waiter.set_result(True)

    def _give_up(self, waiter: asyncio.Future[bool]) -> None:
        if not waiter.done():
            self._line.pop(waiter, None)
            waiter.set_result(False)
