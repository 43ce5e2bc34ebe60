"""Receives a request's body, before anything scarce is held for the request."""

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.problems import Problem


class BodyMiddleware:
    """Reads the whole body into the exchange. Its size, and the time that it takes, are bounded further out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            exchange = exchange_of(scope)
            if exchange.expects_body:
                exchange.body = await _read(receive)
        await self.app(scope, receive, send)


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Problem(499, "CANCELLED", "The client closed the connection before the request was complete.")
        chunks.append(event.get("body", b""))
        if not event.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
