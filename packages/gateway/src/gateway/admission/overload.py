"""Sheds load early: rejects a request that the throttle would reject anyway, before any work is done for it."""

import asyncio

from service_kit.request.clients import client_of

from gateway.exchange import Exchange
from gateway.limits.pace import Pace
from gateway.limits.throttle import Throttle
from gateway.limits.turn import Shed
from gateway.problems import Decision, Problem


def refusal_pace() -> Pace:
    """Returns the rate of refusals: at 0.4 to 1 ms each, an eighth to a third of one core, and 0.1 s in a burst.

    Clients that obey Retry-After stay far below it.
    """
    return Pace(300, at_once=100, longest_s=1.0)


class OverloadStep:
    """Rejects a request (503 OVERLOADED) that would get no place in its lane in time.

    A refusal must be cheap, or the gateway spends its time on refusals: at this point no token was verified, no quota
    was drawn on and no body was received. A request that passes is announced to its lane, since others arrive before
    it reaches the lane and would all count on the same free place. Refusals must also be rare: where clients retry at
    once by the hundred, each waits until the pace allows its refusal, which costs the gateway nothing.
    """

    def __init__(self, throttle: Throttle, pace: Pace) -> None:
        self._throttle = throttle
        self._pace = pace

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.endpoint is None:
            return
        network = client_of(exchange.request)  # no user is known yet
        announced = self._throttle.lane(exchange.endpoint.method.full_name).announce(network)
        if isinstance(announced, Shed):
            if wait_s := self._pace.wait_s():
                await asyncio.sleep(wait_s)
            raise overloaded(announced)
        exchange.announcement = announced
        exchange.held.callback(announced.end)


def overloaded(shed: Shed) -> Problem:
    """Returns the answer to a request that the throttle rejects."""
    decision = Decision("throttle", shed.cause.value, limit=shed.limit, retry_after_s=shed.retry_after_s)
    return Problem(503, "OVERLOADED", "Too many requests are in progress.", decision=decision)
