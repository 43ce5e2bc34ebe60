"""Sends away at the door whom the throttle would send away further in."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.limits.pace import Pace
from gateway.limits.throttle import Throttle
from gateway.limits.turn import Shed
from gateway.problems import Decision, Problem


def refusal_pace() -> Pace:
    """What refusing may cost: at some 0.4 ms of the only core each, an eighth of it. A crowd at once is no matter.

    Clients that obey Retry-After stay far below.
    """
    return Pace(300, at_once=500, longest_s=1.0)


class OverloadMiddleware:
    """Refuses a request (503 OVERLOADED) that would neither find a place in its lane nor get one in time.

    A refusal has to be cheap, or refusing is what the gateway is busy with: for this one, nobody was identified, no
    quota was drawn on, and no body received. And it has to be rare: where clients come back at once by the hundred,
    each waits for its turn to be refused (`pace`), which costs nothing and leaves the gateway its time for the others.
    """

    def __init__(self, app: ASGIApp, throttle: Throttle, pace: Pace) -> None:
        self.app = app
        self._throttle = throttle
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            endpoint = exchange_of(scope).endpoint
            if endpoint is not None:
                shed = self._throttle.lane(endpoint.method.full_name).turned_away()
                if shed is not None:
                    if wait_s := self._pace.wait_s():
                        await asyncio.sleep(wait_s)
                    raise overloaded(shed)
        await self.app(scope, receive, send)


def overloaded(shed: Shed) -> Problem:
    """The answer to a request that is sent away."""
    decision = Decision("throttle", shed.cause.value, limit=shed.limit, retry_after_s=shed.retry_after_s)
    return Problem(503, "OVERLOADED", "Too many requests are in progress.", decision=decision)
