"""Bounds concurrency: a quick 503 for some requests is better than a slow answer for all."""

from functools import partial

from service_kit.request.clients import client_of

from gateway.admission.overload import overloaded
from gateway.exchange import Exchange
from gateway.limits.lane import Lane
from gateway.limits.throttle import Throttle
from gateway.limits.turn import Place, Shed


class ThrottleStep:
    """Admits a request when its lane has a place for it, and rejects it (503 OVERLOADED) when that takes too long.

    The place is given back when the response begins: how fast the client reads it does not load the upstream.
    """

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.endpoint is None:
            return
        method = exchange.endpoint.method.full_name
        lane = self._throttle.lane(method)
        request = exchange.request
        turn = await lane.enter(method, request.deadline, exchange.announcement, client_of(request))
        if isinstance(turn, Shed):
            raise overloaded(turn)
        taken = _TakenPlace(lane, turn)
        exchange.held.callback(taken.release, answered=False)
        exchange.on_response_start = partial(taken.release, answered=True)


class _TakenPlace:
    """A place in a lane, given back by the first release; later ones have no effect."""

    __slots__ = ("_lane", "_place")

    def __init__(self, lane: Lane, place: Place) -> None:
        self._lane = lane
        self._place: Place | None = place

    def release(self, *, answered: bool) -> None:
        place, self._place = self._place, None
        if place is not None:
            self._lane.leave(place, answered=answered)
