"""Delays the refusals of a client that repeats requests which no quota bounds."""

import asyncio

from service_kit.request.clients import client_of
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.limits.leaky_bucket import ClientLeakyBuckets
from gateway.problems import Problem

_CLIENT_ERRORS = range(400, 500)


def refusal_buckets() -> ClientLeakyBuckets:
    """Returns the rate of refusals: those of one client take a fortieth of a core, 50 a second at 0.5 ms each."""
    return ClientLeakyBuckets(50, burst=100, max_wait_s=2.0, max_waiting=200)


class RefusalDelayMiddleware:
    """Delays a 4xx by a leaky bucket if no quota admitted the request: 429, 404, 405, 414, 431 and the like.

    A refusal costs the event loop almost as much as an answer, and a client that ignores quotas could take all of it.
    A delayed refusal costs nothing. Occasional refusals, and a burst of them, are not delayed.
    """

    def __init__(self, app: ASGIApp, buckets: ClientLeakyBuckets) -> None:
        self.app = app
        self._buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Problem as problem:
            exchange = exchange_of(scope)
            if problem.status in _CLIENT_ERRORS and not exchange.is_admitted and exchange.status is None:
                async with self._buckets.delay(client_of(exchange.request)) as wait_s:
                    if wait_s:
                        await asyncio.sleep(wait_s)
            raise
