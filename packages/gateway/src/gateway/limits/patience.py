"""A time-out that does not take a busy event loop for a slow peer."""

import asyncio
from types import TracebackType

#: From the socket to whoever waits for it, an answer takes the event loop so many turns.
_TURNS = 3


class Patience:
    """Like asyncio.timeout, but once the time is over, the loop gets the turns that it takes to find an answer.

    A gateway with much to do is late for its timers and for what its sockets hold alike; then the timer would always
    win. TimeoutError: even so, nothing was there. Entered in a task, once.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turns = _TURNS
        self._expired = False

    async def __aenter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._cancelling = self._task.cancelling() if self._task is not None else 0
        self._next: asyncio.Handle = self._loop.call_later(self._seconds, self._wait_on)

    def _wait_on(self) -> None:
        if self._turns:
            self._turns -= 1
            self._next = self._loop.call_soon(self._wait_on)
        elif self._task is not None:
            self._expired = True
            self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._next.cancel()
        if self._expired and self._task is not None:
            ours = self._task.uncancel() <= self._cancelling
            if ours and kind is asyncio.CancelledError:
                raise TimeoutError from error
