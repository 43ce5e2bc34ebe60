"""Writes one log line for each request."""

from time import perf_counter

from service_kit.logs import request_lines
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Exchange, exchange_of
from gateway.masking import mask_path

_MAX_PATH_BYTES = 256

#: The status of a request whose client disconnected before the response started (as in nginx).
CLIENT_CLOSED_REQUEST = 499


class AccessLogMiddleware:
    """Writes method, route, path, status, duration, size, reason, user and client address of each request.

    The query is left out: it may hold personal data. Server errors are logged at ERROR, other requests at INFO.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        finally:
            _write(scope, exchange_of(scope))


def _write(scope: Scope, exchange: Exchange) -> None:
    status = exchange.status or CLIENT_CLOSED_REQUEST
    principal = exchange.request.principal
    fields = {
        "method": scope["method"],
        "route": exchange.route,
        "path": printable_path(scope),
        "status": status,
        "duration_ms": round((perf_counter() - exchange.started_at) * 1000, 2),
        "bytes": exchange.response_bytes,
        "code": exchange.code,
        "user_id": principal.user_id if principal is not None else None,
        "client_address": exchange.request.client_address,
    }
    message = f"{fields['method']} {fields['path']} {status}"
    request_lines.write(__name__, "ERROR" if status >= 500 else "INFO", message, fields)


def printable_path(scope: Scope) -> str:
    """Returns the path as received, percent-encoded and masked: it can neither forge a log line nor show a secret."""
    raw = mask_path(scope.get("raw_path") or scope["path"].encode("utf-8", "backslashreplace"))
    text = raw[:_MAX_PATH_BYTES].decode("ascii", "backslashreplace")
    if not text.isprintable():
        text = text.encode("unicode_escape").decode("ascii")
    return text if len(raw) <= _MAX_PATH_BYTES else f"{text}…"
