"""The outermost layer: opens the exchange of a request, and completes the headers of its response."""

from collections.abc import Iterable
from typing import Any

from service_kit.request.context import RequestContext, enter_request
from service_kit.request.request_id import keep_or_mint
from service_kit.telemetry.trace_context import TraceContext, continue_trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.exchange import Exchange, open_exchange
from gateway.masking import mask_text
from gateway.middleware.client_address import ClientAddress
from gateway.request_headers import every, first

# The longest of a real browser has about 250 characters; longer ones only fill logs.
_MAX_USER_AGENT = 256


class RequestContextMiddleware:
    """Opens the exchange and the request's context, and completes the headers of every response.

    Args:
        client_address: knows the proxies in front of the gateway.
    """

    def __init__(self, app: ASGIApp, client_address: ClientAddress) -> None:
        self.app = app
        self._client_address = client_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = self._context(scope)
        exchange = open_exchange(scope, request)
        enter_request(request)

        async def send_with_context(message: Message) -> None:
            kind = message["type"]
            if kind == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = _complete(message.get("headers", ()), exchange)
            elif kind == "http.response.body":
                exchange.response_bytes += len(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, send_with_context)

    def _context(self, scope: Scope) -> RequestContext:
        headers = scope["headers"]
        user_agent = first(headers, b"user-agent") or b""
        client = scope.get("client")
        return RequestContext(
            request_id=_request_id(first(headers, b"x-request-id")),
            trace=_trace(headers),
            client_address=self._client_address.of(client[0] if client else None, every(headers, b"x-forwarded-for")),
            user_agent=mask_text(user_agent).decode("utf-8", "replace")[:_MAX_USER_AGENT],
        )


def _request_id(value: bytes | None) -> str:
    """Returns the client's request id, unless it is a credential by mistake: it is logged and forwarded."""
    return keep_or_mint(None if value is None or mask_text(value) != value else value.decode("latin-1"))


def _trace(headers: Iterable[tuple[bytes, bytes]]) -> TraceContext:
    traceparent = _text(first(headers, b"traceparent"))
    if traceparent is None:
        return continue_trace(None)
    return continue_trace(traceparent, ",".join(value.decode("latin-1") for value in every(headers, b"tracestate")))


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _complete(headers: Any, exchange: Exchange) -> list[tuple[bytes, bytes]]:
    """Returns the response's own headers, those of the exchange, and those of every response."""
    complete = [
        *headers,
        *exchange.response_headers,
        (b"x-request-id", exchange.request.request_id.encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
    ]
    if exchange.secret:
        # A response with a token or a cookie must not be cached.
        complete = [pair for pair in complete if pair[0] != b"cache-control"]
        complete.append((b"cache-control", b"no-store"))
    return complete
