"""A semaphore whose permits are shared fairly between clients."""

import asyncio
from collections import Counter, OrderedDict
from fractions import Fraction
from math import ceil

from service_kit.request.clients import Client

#: The largest part of the permits of one user, and of one network without a user.
_USER_SHARE = Fraction(1, 2)
_ANONYMOUS_SHARE = Fraction(1, 4)

_Queue = OrderedDict[asyncio.Future[bool], float]


class FairSemaphore:
    """Permits, of which no client gets more than its share; their number may change at any time.

    A released permit is handed directly to a waiter: clients take turns, and the requests of one client are served
    first come, first served. So a new request cannot overtake, and a client with many waiters does not delay others.
    A waiter that is cancelled at that moment passes the permit on. If the limit shrinks, the holders keep their
    permits, and none is granted until fewer are in use. For one event loop.

    A client is None where it is unknown: then no share is kept.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_use = 0
        self.waiting = 0
        self._held: Counter[Client | None] = Counter()
        # The client whose turn is next comes first. For each waiter: when it was queued. The result of its future:
        # True for a permit, False for a timeout.
        self._queues: OrderedDict[Client | None, _Queue] = OrderedDict()

    @property
    def clients_waiting(self) -> int:
        """The number of clients with a waiter."""
        return len(self._queues)

    def waiting_of(self, client: Client | None) -> int:
        """Returns the number of waiters of a client."""
        return len(self._queues.get(client, ()))

    def share(self, client: Client | None) -> int:
        """Returns the number of permits that a client may hold."""
        if client is None:
            return self.limit
        return ceil(self.limit * (_USER_SHARE if client.is_identified else _ANONYMOUS_SHARE))

    def has_share(self, client: Client | None) -> bool:
        """Returns whether a client holds all permits that it may."""
        return self._held[client] >= self.share(client)

    def try_acquire(self, client: Client | None = None) -> bool:
        """Acquires a permit without waiting. Returns whether one was available to the client."""
        if self.in_use >= self.limit or self.has_share(client):
            return False
        self._grant(client)
        return True

    def first_queued_at(self, default: float, client: Client | None = None) -> float:
        """Returns when the waiter was queued that is served before a new request of the client; else ``default``."""
        queue = self._queues.get(client)
        if queue is None:
            queue = next((queue for waiter, queue in self._queues.items() if not self.has_share(waiter)), None)
        return next(iter(queue.values()), default) if queue else default

    async def acquire(self, timeout_s: float, queued_at: float, client: Client | None = None) -> bool:
        """Waits for a permit, at most ``timeout_s`` seconds. Returns whether it was granted."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._queues.setdefault(client, OrderedDict())[waiter] = queued_at
        self.waiting += 1
        timer = loop.call_later(timeout_s, self._time_out, waiter, client)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.result():
                # The permit was handed over just before this task was cancelled.
                self.release(client)
            raise
        finally:
            timer.cancel()
            self._remove(waiter, client)

    def release(self, client: Client | None = None) -> None:
        """Releases a permit."""
        self.in_use -= 1
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]
        self._grant_to_waiters()

    def resize(self, limit: int) -> None:
        """Sets the number of permits."""
        self.limit = limit
        self._grant_to_waiters()

    def _grant(self, client: Client | None) -> None:
        self.in_use += 1
        self._held[client] += 1

    def _grant_to_waiters(self) -> None:
        while self.in_use < self.limit:
            client = next((client for client in self._queues if not self.has_share(client)), _NO_CLIENT)
            if client is _NO_CLIENT:
                return
            self._serve(client)

    def _serve(self, client: Client | None) -> None:
        """Grants a permit to the client's first waiter, and moves the client behind the others."""
        waiter = next(iter(self._queues[client]))
        self._remove(waiter, client)
        if client in self._queues:
            self._queues.move_to_end(client)
        # A cancelled waiter stays queued until its task runs again.
        if not waiter.done():
            self._grant(client)
            waiter.set_result(True)

    def _time_out(self, waiter: asyncio.Future[bool], client: Client | None) -> None:
        if not waiter.done():
            self._remove(waiter, client)
            waiter.set_result(False)

    def _remove(self, waiter: asyncio.Future[bool], client: Client | None) -> None:
        queue = self._queues.get(client)
        if queue is not None and queue.pop(waiter, None) is not None:
            self.waiting -= 1
            if not queue:
                del self._queues[client]


#: Stands for the absence of a client, since None stands for an unknown client.
_NO_CLIENT = Client("", is_identified=False)
