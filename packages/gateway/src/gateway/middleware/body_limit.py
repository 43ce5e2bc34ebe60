"""How large a request's body may be, and how long it may take to arrive."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.problems import Problem
from gateway.request_headers import first

# A body that is not read to its end leaves an HTTP/1 connection useless; HTTP/2 knows no such header.
_CLOSE = ((b"connection", b"close"),)
_MAX_LENGTH_DIGITS = 18

_Headers = tuple[tuple[bytes, bytes], ...]


class BodyLimitMiddleware:
    """Refuses a body that is too large (413) or takes longer than ``body_timeout_s`` (408).

    The limit is that of the largest valid message of the method, and at most ``max_body_bytes``. A declared length is
    refused before a byte is read; an undeclared one is counted while it arrives.
    Starlette's RequestBodyLimitMiddleware answers in plain text and knows no time, hence this one.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int, body_timeout_s: float) -> None:
        self.app = app
        self._max_body_bytes = max_body_bytes
        self._body_timeout_s = body_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = exchange_of(scope)
        most = self._max_body_bytes
        if exchange.endpoint is not None:
            most = exchange.endpoint.body_bounds.within_bytes(most)
        is_http1 = scope.get("http_version", "1.1").startswith("1")
        closing = _CLOSE if is_http1 else ()
        length = first(scope["headers"], b"content-length")
        if length is not None:
            if _is_longer(length, most):
                raise _too_large(most, closing)
        elif is_http1 and first(scope["headers"], b"transfer-encoding") is None:
            # RFC 9112, 6.3: no body can come.
            exchange.expects_body = False
            await self.app(scope, receive, send)
            return
        await self.app(scope, self._bounded(receive, most, closing), send)

    def _bounded(self, receive: Receive, most: int, closing: _Headers) -> Receive:
        due = asyncio.get_running_loop().time() + self._body_timeout_s
        received = 0
        complete = False

        async def bounded() -> Message:
            nonlocal received, complete
            if complete:
                # What is waited for now is the client's leaving, which has all the time in the world.
                return await receive()
            try:
                async with asyncio.timeout_at(due):
                    message = await receive()
            except TimeoutError as exc:
                detail = f"The body did not arrive within {self._body_timeout_s:g} s."
                raise Problem(408, "BODY_TIMEOUT", detail, headers=closing) from exc
            received += len(message.get("body", b""))
            if received > most:
                raise _too_large(most, closing)
            complete = not message.get("more_body", False)
            return message

        return bounded


def _is_longer(length: bytes, most: int) -> bool:
    return length.isdigit() and (len(length) > _MAX_LENGTH_DIGITS or int(length) > most)


def _too_large(most: int, closing: _Headers) -> Problem:
    return Problem(413, "BODY_TOO_LARGE", f"A body of this request may have at most {most} bytes.", headers=closing)
