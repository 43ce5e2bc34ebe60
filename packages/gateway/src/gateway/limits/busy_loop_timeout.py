"""A timeout that does not mistake a busy event loop for a slow peer."""

import asyncio
from types import TracebackType

#: An answer passes through so many iterations of the event loop between the socket and the task that waits for it.
_GRACE_ITERATIONS = 3


class BusyLoopTimeout:
    """Like asyncio.timeout, but after the time is over, the loop gets the iterations that it takes to find an answer.

    A busy event loop is late for its timers and its sockets alike, and would let the timer win each time.
    Entered in a task, once. Raises TimeoutError if there is no answer even then.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._iterations_left = _GRACE_ITERATIONS
        self._expired = False

    async def __aenter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._cancelling = self._task.cancelling() if self._task is not None else 0
        self._next: asyncio.Handle = self._loop.call_later(self._seconds, self._time_out)

    def _time_out(self) -> None:
        if self._iterations_left:
            self._iterations_left -= 1
            self._next = self._loop.call_soon(self._time_out)
        elif self._task is not None:
            self._expired = True
            self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._next.cancel()
        if self._expired and self._task is not None:
            is_own_cancellation = self._task.uncancel() <= self._cancelling
            if is_own_cancellation and kind is asyncio.CancelledError:
                raise TimeoutError from error
