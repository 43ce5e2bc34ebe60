"""Bounds concurrency: a quick 503 for some requests is better than a slow answer for all."""

from functools import partial

from service_kit.request.clients import client_of

from gateway.admission.overload import overloaded
from gateway.exchange import Exchange
from gateway.limits.concurrency_limiter import ConcurrencyLimiter
from gateway.limits.outcome import Permit, Shed
from gateway.limits.throttle import Throttle


class ThrottleStep:
    """Admits a request when it gets a permit, and rejects it (503 OVERLOADED) when that takes too long.

    The permit is released when the response begins: how fast the client reads it does not load the upstream.
    """

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.endpoint is None:
            return
        method = exchange.endpoint.method.full_name
        limiter = self._throttle.limiter(method)
        request = exchange.request
        outcome = await limiter.acquire(method, request.deadline, exchange.reservation, client_of(request))
        if isinstance(outcome, Shed):
            raise overloaded(outcome)
        held = _HeldPermit(limiter, outcome)
        exchange.on_end(partial(held.release, answered=False))
        exchange.on_response_start = partial(held.release, answered=True)


class _HeldPermit:
    """A permit that the first release returns; later ones have no effect."""

    __slots__ = ("_limiter", "_permit")

    def __init__(self, limiter: ConcurrencyLimiter, permit: Permit) -> None:
        self._limiter = limiter
        self._permit: Permit | None = permit

    def release(self, *, answered: bool) -> None:
        permit, self._permit = self._permit, None
        if permit is not None:
            self._limiter.release(permit, answered=answered)
