"""Who may go on now, who waits, and who is sent away: for requests that want the same of the same upstream."""

from collections.abc import Callable
from itertools import cycle
from math import ceil, inf
from time import monotonic

from service_kit.request.clients import Client

from gateway.limits.adaptive_limit import AdaptiveLimit
from gateway.limits.announced import Announced, Announcement
from gateway.limits.ordinary_latency import OrdinaryLatency
from gateway.limits.places import Places
from gateway.limits.throttle_telemetry import LaneTelemetry
from gateway.limits.turn import Place, Shed, ShedCause

#: Faster than this (seconds) is fast enough, whatever is ordinary. Some ten requests that each want 2 ms of the only
#: core take so long; beyond, a refusal would be late as well.
_FAST_S = 0.02
#: Slow is what takes so many times as long as it ordinarily does. With twice the ordinary latency, at least every
#: second request inside waits for another one: a higher limit would not get more done.
_SLOW = 2.0
#: A forecast of a wait may be wrong by as much again. Whoever is let into the line should get a place in the end, for
#: a refusal after a wait is the worst of answers.
_FORECAST_ERROR = 2.0
#: A client's part of the line: a user's, and that of a network from which no one is identified.
_USER_LINE = 1 / 4
_STRANGER_LINE = 1 / 8
#: How much of the mean the latest request makes up.
_MEAN_WEIGHT = 1 / 16
#: In seconds, told in turn: a crowd that is sent away together should not come back together.
_RETRY_AFTER_S = (1, 2, 3)


class Lane:
    """An adaptive number of places, and a bounded line of those who wait for one, whose clients take turns.

    A request that would not get its turn in time, or its answer before its deadline, is sent away at once. No client
    gets more than its share of the places and of the line, so that one that sends many requests finds its own refused.

    max_queue: how many may wait. max_wait_s: how long each, in seconds. calm: whether no lane is crowded.
    told: hears of waits and refusals.
    """

    def __init__(
        self,
        limit: AdaptiveLimit,
        *,
        max_queue: int,
        max_wait_s: float,
        calm: Callable[[], bool],
        told: LaneTelemetry,
        now: Callable[[], float] = monotonic,
    ) -> None:
        if max_queue < 0 or max_wait_s < 0:
            raise ValueError("neither the queue nor the wait can be negative")
        self._limit = limit
        self._places = Places(limit.limit)
        self._announced = Announced(now)
        self._ordinary = OrdinaryLatency()
        self._max_queue = max_queue
        self._max_wait_s = max_wait_s
        self._calm = calm
        self._told = told
        self._now = now
        self._mean_s = 0.0
        self._retry_after_s = cycle(_RETRY_AFTER_S)

    @property
    def limit(self) -> int:
        """How many may be inside."""
        return self._limit.limit

    @property
    def in_use(self) -> int:
        """How many are inside."""
        return self._places.in_use

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._places.waiting

    @property
    def crowded(self) -> bool:
        """More are inside than would be let in at the very least."""
        return self._places.in_use > self._limit.floor

    def announce(self, network: Client | None = None) -> Announcement | Shed:
        """Have a request expected that is about to enter; or what it would be told at once, whatever it wants.

        network: where it comes from. Which client sends it is not known yet.
        """
        # However many come from one network, the others do not stand behind more of them than half of all there is.
        coming = self._announced.count(ceil((self._limit.limit + self._max_queue) / 2))
        shed = self._turned_away(coming, _FORECAST_ERROR)
        return self._announced.add(network) if shed is None else shed

    async def enter(
        self,
        method: str,
        deadline: float | None = None,
        announcement: Announcement | None = None,
        client: Client | None = None,
    ) -> Place | Shed:
        """Let a request for ``method`` in, waiting for a place if need be.

        deadline: when its answer is due, on the clock of time.monotonic(), in seconds. client: who sends it; None: a
        client that no share is kept for.
        """
        was_expected = announcement is not None and announcement.end()
        now = self._now()
        if self._places.take(client):
            return self._place(method, now, client)
        # Whoever was told to come is not sent away for a forecast that is a little worse by now.
        error = 1.0 if was_expected else _FORECAST_ERROR
        if (shed := self._turned_away(0, error) or self._over_share(client)) is not None:
            return shed
        left_s = inf if deadline is None else deadline - now - self._ordinary.of(method)
        if self._expected_wait_s(now, client=client) >= left_s:
            return self._shed(ShedCause.DEADLINE)
        got_it = await self._places.wait(min(self._max_wait_s, left_s), now, client)
        came_at = self._now()
        self._told.waited(came_at - now)
        if not got_it:
            return self._shed(ShedCause.DEADLINE if left_s < self._max_wait_s else ShedCause.WAITED)
        return self._place(method, came_at, client)

    def _place(self, method: str, entered_at: float, client: Client | None) -> Place:
        return Place(method, entered_at, self._calm(), self._ordinary.is_new(method), client)

    def leave(self, place: Place, *, answered: bool) -> None:
        """Take the place back. answered: with a success; a failure may have taken no time at all."""
        now, inside = self._now(), self._places.in_use
        took_s = now - place.entered_at
        self._mean_s += (took_s - self._mean_s) * _MEAN_WEIGHT
        slow = took_s > max(_FAST_S, _SLOW * self._ordinary.of(place.method))
        if answered and (place.is_new or (place.calm and self._calm())):
            self._ordinary.learn(place.method, took_s)
        # Who fails or leaves after a long time has seen a crowd too; who does so soon has seen nothing.
        if (answered or slow) and self._limit.judge(slow=slow, inside=inside, stay_s=self._mean_s, now=now):
            self._places.resize(self._limit.limit)
            if self._limit.bottomed:
                # Perhaps it is not the crowd, but what is ordinary has changed.
                self._ordinary.doubt()
        self._places.give_back(place.client)

    def _turned_away(self, coming: int, error: float) -> Shed | None:
        """What a newcomer is told at once. coming: how many will enter before. error: of the forecast."""
        free = max(0, self._limit.limit - self._places.in_use)
        if coming < free:
            return None
        self._limit.found_no_place()
        if self._places.waiting + coming - free >= self._max_queue:
            return self._shed(ShedCause.QUEUE_FULL)
        if self._expected_wait_s(self._now(), coming) * error >= self._max_wait_s:
            return self._shed(ShedCause.QUEUE_SLOW)
        return None

    def _over_share(self, client: Client | None) -> Shed | None:
        """What a client is told that has all its places, if it also has all its part of the line."""
        if client is None or not self._places.has_share(client):
            return None
        if client.is_identified:
            # With half of the places, it shows whether more of them would be slow. A quarter is too few to tell.
            self._limit.found_no_place()
        part = _USER_LINE if client.is_identified else _STRANGER_LINE
        is_full = self._places.waiting_of(client) >= ceil(self._max_queue * part)
        # The forecast at the door knew nothing of the client: here is the first that counts its own requests.
        if is_full or self._own_wait_s(client) * _FORECAST_ERROR >= self._max_wait_s:
            return self._shed(ShedCause.CLIENT_SHARE)
        return None

    def _own_wait_s(self, client: Client) -> float:
        """How long a client waits for its own requests, in seconds."""
        return (self._places.waiting_of(client) + 1) * self._mean_s / self._places.share(client)

    def _expected_wait_s(self, now: float, coming: int = 0, client: Client | None = None) -> float:
        """How long a newcomer would wait, in seconds.

        Each place comes free once in a mean time inside; and a newcomer gets none sooner than those who stand in front.
        Those are its own client's requests, and as many of each other client.
        """
        places = self._places
        in_front = min(places.waiting, places.clients_waiting * (places.waiting_of(client) + 1))
        ahead = coming + in_front + places.in_use - self._limit.limit
        wait_s = max((ahead + 1) * self._mean_s / self._limit.limit, now - places.first_came_at(now, client))
        return max(wait_s, self._own_wait_s(client)) if client is not None and places.has_share(client) else wait_s

    def _shed(self, cause: ShedCause) -> Shed:
        self._told.shed(cause, self._limit.limit)
        return Shed(cause, self._limit.limit, next(self._retry_after_s))
