"""Leaky buckets: events at a bounded rate; those beyond it are delayed."""

from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from service_kit.request.clients import Client

#: Clients whose buckets are kept, the most recent ones; each takes some 300 bytes.
_MAX_CLIENTS = 4096


class LeakyBucket:
    """Spaces events evenly after a burst.

    Args:
        per_second: the rate of events.
        burst: events that are not delayed after a pause.
        max_wait_s: the longest delay, in seconds; events beyond it exceed the rate.
        now: the clock, in seconds.
    """

    def __init__(
        self, per_second: float, *, burst: int, max_wait_s: float, now: Callable[[], float] = monotonic
    ) -> None:
        self._interval_s = 1 / per_second
        self._burst_s = burst * self._interval_s
        self._max_wait_s = max_wait_s
        self._now = now
        self._next_at = float("-inf")

    def wait_s(self) -> float:
        """Returns the delay of the next event, in seconds, and counts it."""
        now = self._now()
        due = min(max(self._next_at, now - self._burst_s), now + self._max_wait_s)
        self._next_at = due + self._interval_s
        return max(0.0, due - now)


class ClientLeakyBuckets:
    """A leaky bucket for each client.

    Args:
        per_second: the rate of events of one client.
        burst: events that are not delayed after a pause.
        max_wait_s: the longest delay, in seconds.
        max_waiting: events of one client that may be delayed at a time; further ones are not, which bounds memory.
        now: the clock, in seconds.
    """

    def __init__(
        self,
        per_second: float,
        *,
        burst: int,
        max_wait_s: float,
        max_waiting: int,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._max_wait_s = max_wait_s
        self._max_waiting = max_waiting
        self._now = now
        self._buckets: OrderedDict[str, LeakyBucket] = OrderedDict()
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def delay(self, client: Client) -> AsyncIterator[float]:
        """Yields the delay of the next event of ``client``, in seconds, and counts the event as waiting meanwhile."""
        key = client.key
        if self._waiting[key] >= self._max_waiting:
            yield 0.0
            return
        self._waiting[key] += 1
        try:
            yield self._bucket(key).wait_s()
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]

    def _bucket(self, key: str) -> LeakyBucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = LeakyBucket(self._per_second, burst=self._burst, max_wait_s=self._max_wait_s, now=self._now)
            self._buckets[key] = bucket
            if len(self._buckets) > _MAX_CLIENTS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket
