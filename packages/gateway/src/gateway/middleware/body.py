"""Receives a request's body, before anything scarce is held for the request."""

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.limits.byte_budget import ByteBudget
from gateway.problems import Decision, Problem

# Whatever fills the memory has arrived, or has been given up, within seconds.
_RETRY_AFTER_S = 1


class BodyMiddleware:
    """Reads the whole body into the exchange. Its size, and the time that it takes, are bounded further out.

    memory: what the bodies of all requests may take together, until these are answered; beyond it, 503.
    """

    def __init__(self, app: ASGIApp, memory: ByteBudget) -> None:
        self.app = app
        self._memory = memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not exchange_of(scope).expects_body:
            await self.app(scope, receive, send)
            return
        # Grows in place: pieces that are joined in the end would take twice the memory for a moment.
        body = bytearray()
        try:
            await self._read(receive, body)
            exchange_of(scope).body = body
            await self.app(scope, receive, send)
        finally:
            self._memory.give_back(len(body))

    async def _read(self, receive: Receive, body: bytearray) -> None:
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise Problem(499, "CANCELLED", "The client closed the connection before the request was complete.")
            chunk = event.get("body", b"")
            if chunk:
                if not self._memory.take(len(chunk)):
                    raise _out_of_memory(self._memory)
                body += chunk
            if not event.get("more_body", False):
                return


def _out_of_memory(memory: ByteBudget) -> Problem:
    decision = Decision("body_memory", "exhausted", limit=memory.size_bytes, retry_after_s=_RETRY_AFTER_S)
    return Problem(503, "OVERLOADED", "Too many requests bring large bodies.", decision=decision)
