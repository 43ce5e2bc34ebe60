"""How fast each client is refused."""

from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from service_kit.request.clients import Client

from gateway.limits.pace import Pace

#: Clients that are remembered, the last ones seen; each takes some 300 bytes.
_MOST_CLIENTS = 4096


class ClientPaces:
    """A leaky bucket for each client: so many refusals a second, a few more at once, and the others wait.

    Args:
        per_second: refusals of one client.
        at_once: refusals that do not wait, after a calm.
        longest_s: the longest wait for a refusal, in seconds.
        most_waiting: refusals of one client that wait at the same time; more do not wait, or they would fill memory.
        now: the clock, in seconds.
    """

    def __init__(
        self,
        per_second: float,
        *,
        at_once: int,
        longest_s: float,
        most_waiting: int,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._longest_s = longest_s
        self._most_waiting = most_waiting
        self._now = now
        self._paces: OrderedDict[str, Pace] = OrderedDict()
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, client: Client) -> AsyncIterator[float]:
        """Gives how long the next refusal of ``client`` has to wait, in seconds, and counts it as waiting meanwhile."""
        key = client.key
        if self._waiting[key] >= self._most_waiting:
            yield 0.0
            return
        self._waiting[key] += 1
        try:
            yield self._pace(key).wait_s()
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]

    def _pace(self, key: str) -> Pace:
        pace = self._paces.get(key)
        if pace is None:
            pace = Pace(self._per_second, at_once=self._at_once, longest_s=self._longest_s, now=self._now)
            self._paces[key] = pace
            if len(self._paces) > _MOST_CLIENTS:
                self._paces.popitem(last=False)
        else:
            self._paces.move_to_end(key)
        return pace
