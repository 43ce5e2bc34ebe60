"""Slows down a client that goes on sending requests which are refused before they draw on a quota."""

import asyncio

from service_kit.request.clients import client_of
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.limits.client_paces import ClientPaces
from gateway.problems import Problem

_CLIENT_ERRORS = range(400, 500)


def client_paces() -> ClientPaces:
    """Refusals of one client take a fortieth of a core: 50 a second, at half a millisecond each."""
    return ClientPaces(50, at_once=100, longest_s=2.0, most_waiting=200)


class RefusalPaceMiddleware:
    """Lets a 4xx wait for its turn if no quota admitted the request: 429, 404, 405, 414, 431 and the like.

    Refusing costs the event loop almost as much as answering, and a client that does not wait for quotas would get as
    much of it as it asks for. A waiting refusal costs nothing. What the client causes by mistake, or in a burst, is
    answered at once.
    """

    def __init__(self, app: ASGIApp, paces: ClientPaces) -> None:
        self.app = app
        self._paces = paces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Problem as problem:
            exchange = exchange_of(scope)
            if problem.status in _CLIENT_ERRORS and not exchange.is_admitted and exchange.status is None:
                async with self._paces.turn(client_of(exchange.request)) as wait_s:
                    if wait_s:
                        await asyncio.sleep(wait_s)
            raise
