"""Declines every WebSocket (RFC 6455): a handshake is answered as the GET that it is, over HTTP."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SCHEMES = {"ws": "http", "wss": "https"}


class NoWebSocketMiddleware:
    """Hands a handshake on as a request without a body (RFC 9110, 7.8: a server may ignore an upgrade).

    The server has to know ASGI's extension "websocket.http.response", as Hypercorn does.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def decline(message: Message) -> None:
            await send({**message, "type": f"websocket.{message['type']}"})

        scheme = _SCHEMES[scope["scheme"]]
        await self.app({**scope, "type": "http", "method": "GET", "scheme": scheme}, nothing, decline)
