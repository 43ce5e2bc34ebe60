"""Admission control for one upstream and rate class: admits, queues or rejects requests."""

from collections.abc import Callable
from itertools import cycle
from math import ceil, inf
from time import monotonic

from service_kit.request.clients import Client

from gateway.limits.adaptive_limit import AdaptiveLimit
from gateway.limits.baseline_latency import BaselineLatency
from gateway.limits.fair_semaphore import FairSemaphore
from gateway.limits.outcome import Permit, Shed, ShedCause
from gateway.limits.reservations import Reservation, Reservations
from gateway.limits.throttle_telemetry import LimiterTelemetry

#: Latency below this (seconds) is never slow. Some ten requests that each need 2 ms of one core take so long; above
#: it, a rejection would be late as well.
_FAST_S = 0.02
#: A request is slow at so many times its usual latency. At twice the usual latency, at least every second request
#: waits for another one: a higher limit would not increase the throughput.
_SLOW_FACTOR = 2.0
#: The actual wait may be so many times the forecast. A queued request should get a permit in the end: a rejection
#: after a wait is the worst outcome.
_FORECAST_ERROR = 2.0
#: The largest part of the queue of one user, and of one network without a user.
_USER_QUEUE_SHARE = 1 / 4
_ANONYMOUS_QUEUE_SHARE = 1 / 8
#: The weight of the latest request in the moving mean.
_MEAN_WEIGHT = 1 / 16
#: In seconds, used in turn, so that clients that are rejected together do not retry together.
_RETRY_AFTER_S = (1, 2, 3)


class ConcurrencyLimiter:
    """An adaptive number of permits, and a bounded queue of requests that wait for one, in which clients take turns.

    A request that would not get a permit in time, or its answer before its deadline, is rejected at once. No client
    gets more than its share of the permits and of the queue.

    Args:
        limit: the number of permits.
        max_queue: requests that may wait.
        max_wait_s: the longest wait of each, in seconds.
        is_calm: returns whether no limiter is crowded.
        telemetry: receives waits and rejections.
        now: the clock, in seconds.
    """

    def __init__(
        self,
        limit: AdaptiveLimit,
        *,
        max_queue: int,
        max_wait_s: float,
        is_calm: Callable[[], bool],
        telemetry: LimiterTelemetry,
        now: Callable[[], float] = monotonic,
    ) -> None:
        if max_queue < 0 or max_wait_s < 0:
            raise ValueError("neither the queue nor the wait can be negative")
        self._limit = limit
        self._permits = FairSemaphore(limit.limit)
        self._reservations = Reservations(now)
        self._baseline = BaselineLatency()
        self._max_queue = max_queue
        self._max_wait_s = max_wait_s
        self._is_calm = is_calm
        self._telemetry = telemetry
        self._now = now
        self._mean_s = 0.0
        self._retry_after_s = cycle(_RETRY_AFTER_S)

    @property
    def limit(self) -> int:
        """The number of permits."""
        return self._limit.limit

    @property
    def in_use(self) -> int:
        """The number of permits in use."""
        return self._permits.in_use

    @property
    def waiting(self) -> int:
        """The number of queued requests."""
        return self._permits.waiting

    @property
    def is_crowded(self) -> bool:
        """Whether more permits are in use than the lowest limit."""
        return self._permits.in_use > self._limit.floor

    def reserve(self, network: Client | None = None) -> Reservation | Shed:
        """Returns a reservation for a request that will soon ask for a permit, or the rejection that it would get.

        Args:
            network: where the request comes from; its user is not known yet.
        """
        # One network delays the others by at most half of what permits and queue hold.
        ahead = self._reservations.count(ceil((self._limit.limit + self._max_queue) / 2))
        shed = self._overload(ahead, _FORECAST_ERROR)
        return self._reservations.add(network) if shed is None else shed

    async def acquire(
        self,
        method: str,
        deadline: float | None = None,
        reservation: Reservation | None = None,
        client: Client | None = None,
    ) -> Permit | Shed:
        """Returns a permit, after a wait if necessary, or a rejection.

        Args:
            method: the full name of the method.
            deadline: when the answer is due, on the clock of time.monotonic(), in seconds.
            reservation: of this request; it ends here.
            client: the client whose share counts; None: no share is kept.
        """
        was_expected = reservation is not None and reservation.end()
        now = self._now()
        if self._permits.try_acquire(client):
            return self._permit(method, now, client)
        # A request with a reservation is not rejected because the forecast has become slightly worse.
        error = 1.0 if was_expected else _FORECAST_ERROR
        if (shed := self._overload(0, error) or self._over_share(client)) is not None:
            return shed
        left_s = inf if deadline is None else deadline - now - self._baseline.mean_s(method)
        if self._forecast_wait_s(now, client=client) >= left_s:
            return self._shed(ShedCause.DEADLINE)
        granted = await self._permits.acquire(min(self._max_wait_s, left_s), now, client)
        acquired_at = self._now()
        self._telemetry.waited(acquired_at - now)
        if not granted:
            return self._shed(ShedCause.DEADLINE if left_s < self._max_wait_s else ShedCause.WAITED)
        return self._permit(method, acquired_at, client)

    def _permit(self, method: str, acquired_at: float, client: Client | None) -> Permit:
        return Permit(method, acquired_at, self._is_calm(), self._baseline.is_new(method), client)

    def release(self, permit: Permit, *, answered: bool) -> None:
        """Releases a permit. answered: with a success; a failure may have taken no time at all."""
        now, in_use = self._now(), self._permits.in_use
        took_s = now - permit.acquired_at
        self._mean_s += (took_s - self._mean_s) * _MEAN_WEIGHT
        slow = took_s > max(_FAST_S, _SLOW_FACTOR * self._baseline.mean_s(permit.method))
        if answered and (permit.is_new or (permit.was_calm and self._is_calm())):
            self._baseline.learn(permit.method, took_s)
        # A request that fails or is cancelled late is a sample of the load, too; one that fails early is not.
        if (answered or slow) and self._limit.sample(slow=slow, in_use=in_use, mean_s=self._mean_s, now=now):
            self._permits.resize(self._limit.limit)
            if self._limit.is_slow_at_floor:
                # The usual latency may have changed, rather than the load.
                self._baseline.relearn()
        self._permits.release(permit.client)

    def _overload(self, ahead: int, error: float) -> Shed | None:
        """Returns the rejection of a new request, if any.

        Args:
            ahead: requests that will ask before it.
            error: the factor that the forecast may be wrong by.
        """
        free = max(0, self._limit.limit - self._permits.in_use)
        if ahead < free:
            return None
        self._limit.note_demand()
        if self._permits.waiting + ahead - free >= self._max_queue:
            return self._shed(ShedCause.QUEUE_FULL)
        if self._forecast_wait_s(self._now(), ahead) * error >= self._max_wait_s:
            return self._shed(ShedCause.QUEUE_SLOW)
        return None

    def _over_share(self, client: Client | None) -> Shed | None:
        """Returns the rejection of a client that uses its share of the permits and of the queue, if it does."""
        if client is None or not self._permits.has_share(client):
            return None
        if client.is_identified:
            # Half of the permits show whether more of them would be slow. A quarter is too few for that.
            self._limit.note_demand()
        part = _USER_QUEUE_SHARE if client.is_identified else _ANONYMOUS_QUEUE_SHARE
        is_full = self._permits.waiting_of(client) >= ceil(self._max_queue * part)
        # The forecast of the reservation did not know the client: this is the first that counts its own requests.
        if is_full or self._own_wait_s(client) * _FORECAST_ERROR >= self._max_wait_s:
            return self._shed(ShedCause.CLIENT_SHARE)
        return None

    def _own_wait_s(self, client: Client) -> float:
        """Returns how long a client's new request waits for the client's other requests, in seconds."""
        return (self._permits.waiting_of(client) + 1) * self._mean_s / self._permits.share(client)

    def _forecast_wait_s(self, now: float, ahead: int = 0, client: Client | None = None) -> float:
        """Returns the forecast wait of a new request, in seconds.

        Each permit is released once in a mean time; and a new request gets none sooner than the requests ahead of it:
        those of its own client, and as many of each other client.
        """
        permits = self._permits
        queued_ahead = min(permits.waiting, permits.clients_waiting * (permits.waiting_of(client) + 1))
        excess = ahead + queued_ahead + permits.in_use - self._limit.limit
        wait_s = max((excess + 1) * self._mean_s / self._limit.limit, now - permits.first_queued_at(now, client))
        return max(wait_s, self._own_wait_s(client)) if client is not None and permits.has_share(client) else wait_s

    def _shed(self, cause: ShedCause) -> Shed:
        self._telemetry.shed(cause, self._limit.limit)
        return Shed(cause, self._limit.limit, next(self._retry_after_s))
