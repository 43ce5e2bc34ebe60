"""Receives a request's body, before anything scarce is held for the request."""

from service_kit.request.clients import Client, client_of
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.limits.byte_budget import ByteBudget, Exhausted
from gateway.problems import Decision, Problem

# Whatever fills the memory has arrived, or has been given up, within seconds.
_RETRY_AFTER_S = 1


class BodyMiddleware:
    """Reads the whole body into the exchange. Its size, and the time that it takes, are bounded further out.

    memory: what the bodies of all requests may take together, until these are answered, and those of one client;
    beyond it, 503. What has come is charged, and not what was announced.
    """

    def __init__(self, app: ASGIApp, memory: ByteBudget) -> None:
        self.app = app
        self._memory = memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not exchange_of(scope).expects_body:
            await self.app(scope, receive, send)
            return
        client = client_of(exchange_of(scope).request)
        # Grows in place: pieces that are joined in the end would take twice the memory for a moment.
        body = bytearray()
        try:
            await self._read(receive, body, client)
            exchange_of(scope).body = body
            await self.app(scope, receive, send)
        finally:
            self._memory.give_back(len(body), client)

    async def _read(self, receive: Receive, body: bytearray, client: Client) -> None:
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise Problem(499, "CANCELLED", "The client closed the connection before the request was complete.")
            chunk = event.get("body", b"")
            if chunk:
                exhausted = self._memory.take(len(chunk), client)
                if exhausted is not None:
                    raise _out_of_memory(exhausted)
                body += chunk
            if not event.get("more_body", False):
                return


def _out_of_memory(exhausted: Exhausted) -> Problem:
    limit, state = exhausted.limit_bytes, exhausted.state
    decision = Decision("body_memory", state, limit=limit, retry_after_s=_RETRY_AFTER_S)
    return Problem(503, "OVERLOADED", "Too many requests bring large bodies.", decision=decision)
