"""Bounds the size of a request's body, and the time that it takes to arrive."""

import asyncio

from starlette.types import Message, Receive

from gateway.exchange import Exchange
from gateway.problems import Problem
from gateway.request_headers import first

# After a body that is not read to its end, an HTTP/1 connection is of no use; HTTP/2 has no such header.
_CLOSE = ((b"connection", b"close"),)
_MAX_LENGTH_DIGITS = 18

_Headers = tuple[tuple[bytes, bytes], ...]


class BodyLimitStep:
    """Refuses a body that is too large (413) or takes longer than ``body_timeout_s`` (408).

    The limit is that of the largest valid message of the method, and at most ``max_body_bytes``. A declared length is
    refused before a byte is read; an undeclared one is counted while it arrives, by `Exchange.receive`.
    Starlette's RequestBodyLimitMiddleware answers in plain text and has no timeout, hence this one.
    """

    def __init__(self, max_body_bytes: int, body_timeout_s: float) -> None:
        self._max_body_bytes = max_body_bytes
        self._body_timeout_s = body_timeout_s

    async def __call__(self, exchange: Exchange) -> None:
        most = self._max_body_bytes
        if exchange.endpoint is not None:
            most = exchange.endpoint.body_bounds.within_bytes(most)
        is_http1 = exchange.http_version.startswith("1")
        closing = _CLOSE if is_http1 else ()
        length = first(exchange.headers, b"content-length")
        if length is not None:
            if _is_longer(length, most):
                raise _too_large(most, closing)
        elif is_http1 and first(exchange.headers, b"transfer-encoding") is None:
            # RFC 9112, 6.3: no body can come.
            exchange.expects_body = False
            return
        exchange.receive = self._bounded(exchange.receive, most, closing)

    def _bounded(self, receive: Receive, most: int, closing: _Headers) -> Receive:
        due = asyncio.get_running_loop().time() + self._body_timeout_s
        received = 0
        complete = False

        async def bounded() -> Message:
            nonlocal received, complete
            if complete:
                # The only event left is the client's disconnect, which has no time limit.
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
