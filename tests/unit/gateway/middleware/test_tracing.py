"""The spans of requests, and what they must not contain."""

from typing import Any

import pytest
from gateway.exchange import exchange_of
from gateway.middleware.tracing import TracingMiddleware
from gateway.problems import Decision
from starlette.types import Receive, Scope, Send

from tests.running.recorded_traces import Traces
from tests.unit.gateway.asgi import answering, call, exchange_in, http_scope, policy, raising


def layer(traces: Traces, status: int | None = 200, code: str | None = None) -> TracingMiddleware:
    """The middleware around an application that answers so; None: its client has left."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        exchange.status, exchange.code = status, code
        exchange.decision = Decision("throttle", "full") if code else None
        await answering(status=status or 200)(scope, receive, send)

    return TracingMiddleware(app, traces.tracer)


def attributes_of(traces: Traces) -> dict[str, Any]:
    (span,) = traces.ended
    return dict(span.attributes or {})


async def test_request_that_is_not_sampled_passes_unchanged() -> None:
    traces, scope = Traces(0.0), http_scope()
    before = exchange_in(scope).request.trace
    await call(layer(traces), scope)
    request = exchange_of(scope).request
    assert (request.span, request.trace) == (None, before)
    assert traces.ended == ()


async def test_span_of_a_sampled_request_is_the_parent_of_its_calls() -> None:
    traces, scope = Traces(1.0), http_scope(query_string=b"email=ada@example.com")
    exchange_in(scope, policy=policy())
    await call(layer(traces), scope)
    (span,) = traces.ended
    request = exchange_of(scope).request
    assert span.name == "GET /things/{thing_id}"
    assert int(request.trace.span_id, 16) == span.context.span_id
    assert request.trace.sampled
    assert "ada" not in str(attributes_of(traces))
    assert span.status.is_ok


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, "ORDER_NOT_FOUND", None),
        (503, "OVERLOADED", "OVERLOADED"),
        (500, None, "500"),
        (None, None, None),
    ],
)
async def test_only_server_errors_mark_the_span_as_failed(
    status: int | None, code: str | None, error: str | None
) -> None:
    traces, scope = Traces(1.0), http_scope()
    exchange_in(scope)
    await call(layer(traces, status, code), scope)
    told = attributes_of(traces)
    assert (told.get("error.type"), told.get("headrace.code")) == (error, code)
    assert told["http.response.status_code"] == (status or 499)
    assert traces.ended[0].status.is_ok is (error is None)


async def test_span_name_contains_no_invented_method_or_path() -> None:
    traces, scope = Traces(1.0), http_scope(method="BREW", path="/users/0190b3a1")
    exchange_in(scope)
    await call(layer(traces), scope)
    assert traces.ended[0].name == "_OTHER"


async def test_span_ends_after_every_error() -> None:
    traces, scope = Traces(1.0), http_scope()
    exchange_in(scope)
    with pytest.raises(RuntimeError):
        await call(TracingMiddleware(raising(RuntimeError("a bug")), traces.tracer), scope)
    assert len(traces.ended) == 1
