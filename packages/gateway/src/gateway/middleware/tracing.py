"""Records requests as spans (https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span)."""

from opentelemetry.trace import SpanKind
from service_kit.tracing.recorded_span import RecordedSpan
from service_kit.tracing.request_tracer import RequestTracer
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Exchange, exchange_of
from gateway.middleware.access_log import CLIENT_CLOSED_REQUEST, printable_path
from gateway.middleware.metrics import known_method

_NOWHERE = "-"


class TracingMiddleware:
    """Records sampled requests. Later operations of a request become children of its span.

    The span contains neither the query nor the user, but the request id, by which the log shows both.
    """

    def __init__(self, app: ASGIApp, tracer: RequestTracer) -> None:
        self.app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        request = exchange.request
        if not self._tracer.samples(request.trace):
            await self.app(scope, receive, send)
            return
        method = known_method(scope)
        request.span = self._tracer.begin(request.trace, method, SpanKind.SERVER, _attributes(scope, method, exchange))
        request.trace = request.span.trace
        try:
            await self.app(scope, receive, send)
        finally:
            _end(request.span, method, exchange)


def _attributes(scope: Scope, method: str, exchange: Exchange) -> dict[str, str | int]:
    return {
        "http.request.method": method,
        "url.path": printable_path(scope),
        "url.scheme": scope["scheme"],
        "network.protocol.version": scope["http_version"],
        "headrace.request_id": exchange.request.request_id,
    }


def _end(span: RecordedSpan, method: str, exchange: Exchange) -> None:
    status = exchange.status or CLIENT_CLOSED_REQUEST
    known: dict[str, str | int] = {"http.route": exchange.route, "http.response.status_code": status}
    if exchange.code is not None:
        known["headrace.code"] = exchange.code
    span.describe(method if exchange.route == _NOWHERE else f"{method} {exchange.route}", known)
    span.end((exchange.code or str(status)) if status >= 500 else None)
