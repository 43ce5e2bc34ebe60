"""Metrics of requests and of the policies' decisions.

Names and attributes follow OpenTelemetry's semantic conventions for HTTP servers
(https://opentelemetry.io/docs/specs/semconv/http/http-metrics/).
"""

from collections.abc import Iterable
from time import perf_counter

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from service_kit.telemetry.seconds_histogram import seconds_histogram
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import Exchange, exchange_of
from gateway.middleware.access_log import CLIENT_CLOSED_REQUEST

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
# A method that a client invents must not become a time series.
_OTHER_METHOD = "_OTHER"
# The gateway's own pages, and paths that lead nowhere.
_NO_CLASS = "-"

_duration = seconds_histogram(
    "http.server.request.duration",
    "Duration of HTTP requests.",
    "http.request.method",
    "http.route",
    "http.response.status_code",
    # The latency objective differs by class: see infra/observability.
    "headrace.rate_class",
)


class MetricsMiddleware:
    """Times requests by method, route template and status, and counts the refusals of policies.

    Args:
        meter: makes the instruments.
    """

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self.app = app
        self._active = dict.fromkeys([*sorted(_METHODS), _OTHER_METHOD], 0)
        self._decisions = meter.create_counter(
            "headrace.gateway.decisions", unit="{decision}", description="Requests that a policy refused."
        )
        # Observed when scraped: the instrument costs a request nothing but an addition.
        meter.create_observable_up_down_counter(
            "http.server.active_requests",
            callbacks=[self._observe_active],
            unit="{request}",
            description="HTTP requests in progress.",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = known_method(scope)
        self._active[method] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._active[method] -= 1
            self._record(method, exchange_of(scope))

    def _record(self, method: str, exchange: Exchange) -> None:
        endpoint, request = exchange.endpoint, exchange.request
        _duration.record(
            perf_counter() - exchange.started_at,
            method,
            exchange.route,
            exchange.status or CLIENT_CLOSED_REQUEST,
            endpoint.method.policy.rate_class.value if endpoint is not None else _NO_CLASS,
            sampled=request.trace if request.span is not None else None,
        )
        decision = exchange.decision
        if decision is not None:
            self._decisions.add(1, {"policy": decision.policy, "state": decision.state or ""})

    def _observe_active(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(count, {"http.request.method": method}) for method, count in self._active.items()]


def known_method(scope: Scope) -> str:
    """Returns the method of a request as a label: all unknown methods share one value."""
    method: str = scope["method"]
    return method if method in _METHODS else _OTHER_METHOD
