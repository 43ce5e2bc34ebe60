"""Sends away at the door whom the throttle would send away further in."""

import asyncio

from service_kit.request.clients import client_of
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.limits.pace import Pace
from gateway.limits.throttle import Throttle
from gateway.limits.turn import Shed
from gateway.problems import Decision, Problem


def refusal_pace() -> Pace:
    """What refusing may cost: at 0.4 to 1 ms each, an eighth to a third of the only core, and 0.1 s at once.

    Clients that obey Retry-After stay far below.
    """
    return Pace(300, at_once=100, longest_s=1.0)


class OverloadMiddleware:
    """Refuses a request (503 OVERLOADED) that would neither find a place in its lane nor get one in time.

    A refusal has to be cheap, or refusing is what the gateway is busy with: for this one, nobody was identified, no
    quota was drawn on, and no body received. So whoever is let on is announced to the lane: others come before it is
    there, and would all hear of the same free place. And it has to be rare: where clients come back at once by the
    hundred, each waits for its turn to be refused (`pace`), which costs nothing and leaves the gateway its time.
    """

    def __init__(self, app: ASGIApp, throttle: Throttle, pace: Pace) -> None:
        self.app = app
        self._throttle = throttle
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            exchange = exchange_of(scope)
            if exchange.endpoint is not None:
                network = client_of(exchange.request)  # no user is known yet
                told = self._throttle.lane(exchange.endpoint.method.full_name).announce(network)
                if isinstance(told, Shed):
                    if wait_s := self._pace.wait_s():
                        await asyncio.sleep(wait_s)
                    raise overloaded(told)
                exchange.announcement = told
                try:
                    await self.app(scope, receive, send)
                finally:
                    told.end()
                return
        await self.app(scope, receive, send)


def overloaded(shed: Shed) -> Problem:
    """The answer to a request that is sent away."""
    decision = Decision("throttle", shed.cause.value, limit=shed.limit, retry_after_s=shed.retry_after_s)
    return Problem(503, "OVERLOADED", "Too many requests are in progress.", decision=decision)
