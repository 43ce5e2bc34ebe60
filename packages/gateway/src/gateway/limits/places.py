"""A number of places, and the line of those who wait for one."""

import asyncio
from collections import Counter, OrderedDict
from fractions import Fraction
from math import ceil

from service_kit.request.clients import Client

#: A client's part of the places: a user's, and that of a network from which no one is identified.
_USER_SHARE = Fraction(1, 2)
_STRANGER_SHARE = Fraction(1, 4)

_Line = OrderedDict[asyncio.Future[bool], float]


class Places:
    """Places, of which no client gets more than its share; their number may change at any time.

    A place that comes free goes straight to a waiter: the clients take turns, and each client's requests go first come,
    first served. So a newcomer cannot overtake, and a client with many waiters is in no other client's way. A waiter
    that leaves in the same moment passes the place on. Where the number shrinks, those inside stay, and no more enter
    until it is kept. For one event loop.

    A client is None where it is not known: then no share is kept.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_use = 0
        self.waiting = 0
        self._inside: Counter[Client | None] = Counter()
        # Whose turn is next comes first. For each waiter, when it came; the result of its future: True, the place is
        # yours; False, your time is up.
        self._lines: OrderedDict[Client | None, _Line] = OrderedDict()

    @property
    def clients_waiting(self) -> int:
        """How many clients have a waiter."""
        return len(self._lines)

    def waiting_of(self, client: Client | None) -> int:
        """How many of a client's requests stand in line."""
        return len(self._lines.get(client, ()))

    def share(self, client: Client | None) -> int:
        """How many places a client may have."""
        if client is None:
            return self.limit
        return ceil(self.limit * (_USER_SHARE if client.is_identified else _STRANGER_SHARE))

    def has_share(self, client: Client | None) -> bool:
        """Whether a client has all places that it may have."""
        return self._inside[client] >= self.share(client)

    def take(self, client: Client | None = None) -> bool:
        """Take a place if one is free that the client may have."""
        if self.in_use >= self.limit or self.has_share(client):
            return False
        self._enter(client)
        return True

    def first_came_at(self, default: float, client: Client | None = None) -> float:
        """When the waiter came that gets its place before a newcomer of the client; ``default`` if none does."""
        line = self._lines.get(client)
        if line is None:
            line = next((line for waiter, line in self._lines.items() if not self.has_share(waiter)), None)
        return next(iter(line.values()), default) if line else default

    async def wait(self, longest_s: float, came_at: float, client: Client | None = None) -> bool:
        """Join the line for at most so many seconds; whether a place was given."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._lines.setdefault(client, OrderedDict())[waiter] = came_at
        self.waiting += 1
        timer = loop.call_later(longest_s, self._give_up, waiter, client)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.result():
                # The place was handed over just before this task was cancelled.
                self.give_back(client)
            raise
        finally:
            timer.cancel()
            self._remove(waiter, client)

    def give_back(self, client: Client | None = None) -> None:
        """Give a place back."""
        self.in_use -= 1
        self._inside[client] -= 1
        if not self._inside[client]:
            del self._inside[client]
        self._hand_out()

    def resize(self, limit: int) -> None:
        """Have so many places from now on."""
        self.limit = limit
        self._hand_out()

    def _enter(self, client: Client | None) -> None:
        self.in_use += 1
        self._inside[client] += 1

    def _hand_out(self) -> None:
        while self.in_use < self.limit:
            client = next((client for client in self._lines if not self.has_share(client)), _NOBODY)
            if client is _NOBODY:
                return
            self._hand_to(client)

    def _hand_to(self, client: Client | None) -> None:
        """Give a place to the client's first waiter; then it is the others' turn."""
        waiter = next(iter(self._lines[client]))
        self._remove(waiter, client)
        if client in self._lines:
            self._lines.move_to_end(client)
        # One that was cancelled stands in line until its task runs again.
        if not waiter.done():
            self._enter(client)
            waiter.set_result(True)

    def _give_up(self, waiter: asyncio.Future[bool], client: Client | None) -> None:
        if not waiter.done():
            self._remove(waiter, client)
            waiter.set_result(False)

    def _remove(self, waiter: asyncio.Future[bool], client: Client | None) -> None:
        line = self._lines.get(client)
        if line is not None and line.pop(waiter, None) is not None:
            self.waiting -= 1
            if not line:
                del self._lines[client]


#: Stands for "no client", where None stands for one that is not known.
_NOBODY = Client("", is_identified=False)
