"""Lets a client that is still sending hear why it was refused (RFC 9112, 9.6).

A request refused before its body was read leaves bytes behind. Closing an HTTP/1 connection over them makes the
kernel answer with a reset, which can destroy the response on its way: the client sees a broken pipe, not the problem.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.request_headers import first

# Reading on costs us little, but not nothing: whoever sends more, or slower, gets the reset.
_MAX_BYTES = 16 * 1024 * 1024
_MAX_S = 2.0
_MAX_PAUSE_S = 0.5


class LingeringMiddleware:
    """Sends a response at once, but ends it only when the rest of the request's body has been thrown away.

    Bounded in bytes and time. It stands outside of everything that measures or holds a place, so that the
    wait is nobody's. HTTP/2 has streams for this.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_http1_body(scope):
            await self.app(scope, receive, send)
            return
        is_read = held_back = False

        async def tracking() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = is_read or not message.get("more_body", False)
            return message

        async def holding_back(message: Message) -> None:
            nonlocal held_back
            if not is_read and message["type"] == "http.response.body" and not message.get("more_body", False):
                held_back = True
                message = {**message, "more_body": True}
            await send(message)

        await self.app(scope, tracking, holding_back)
        if held_back:
            await _throw_away(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _has_http1_body(scope: Scope) -> bool:
    if not scope.get("http_version", "1.1").startswith("1"):
        return False
    headers = scope["headers"]
    return first(headers, b"content-length") not in {None, b"0"} or first(headers, b"transfer-encoding") is not None


async def _throw_away(receive: Receive) -> None:
    left = _MAX_BYTES
    try:
        async with asyncio.timeout(_MAX_S):
            while left > 0:
                async with asyncio.timeout(_MAX_PAUSE_S):
                    message = await receive()
                if not message.get("more_body", False):
                    return
                left -= len(message["body"])
    except TimeoutError:
        return
