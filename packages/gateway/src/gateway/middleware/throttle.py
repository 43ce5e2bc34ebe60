"""Bounded concurrency: better a quick 503 for some than a slow answer for all."""

from service_kit.request.clients import client_of
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.limits.lane import Lane
from gateway.limits.throttle import Throttle
from gateway.limits.turn import Place, Shed
from gateway.middleware.overload import overloaded


class ThrottleMiddleware:
    """Lets a request in when its lane has a place for it, and sends it away (503 OVERLOADED) when that takes too long.

    The place is given back when the response begins: how fast the client reads it is not the upstream's business.
    """

    def __init__(self, app: ASGIApp, throttle: Throttle) -> None:
        self.app = app
        self._throttle = throttle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope) if scope["type"] == "http" else None
        if exchange is None or exchange.endpoint is None:
            await self.app(scope, receive, send)
            return
        method = exchange.endpoint.method.full_name
        lane = self._throttle.lane(method)
        request = exchange.request
        turn = await lane.enter(method, request.deadline, exchange.announcement, client_of(request))
        if isinstance(turn, Shed):
            raise overloaded(turn)
        stay = _Stay(lane, turn)

        async def send_on_leaving(message: Message) -> None:
            if message["type"] == "http.response.start":
                stay.end(answered=True)
            await send(message)

        try:
            await self.app(scope, receive, send_on_leaving)
        finally:
            stay.end(answered=False)


class _Stay:
    """A place in a lane until the stay ends, however often that is said."""

    __slots__ = ("_lane", "_place")

    def __init__(self, lane: Lane, place: Place) -> None:
        self._lane = lane
        self._place: Place | None = place

    def end(self, *, answered: bool) -> None:
        place, self._place = self._place, None
        if place is not None:
            self._lane.leave(place, answered=answered)
