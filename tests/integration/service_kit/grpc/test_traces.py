"""Received calls as spans."""

from typing import Any

import pytest
from grpclib.exceptions import GRPCError
from opentelemetry.trace import format_span_id
from service_kit.grpc.client import GrpcClient
from service_kit.request.context import RequestContext, within_request
from service_kit.telemetry.trace_context import continue_trace
from shared_contracts.order.v1 import GetOrderRequest, OrderServiceStub

from tests.integration.service_kit.grpc.running_server import ORDER_ID, NoSuchThingError, Running, running_server
from tests.running.recorded_traces import Traces

_TRACE = "0af7651916cd43dd8448eb211c80319c"


async def call(running: Running, flags: str, state: str = "") -> RequestContext:
    """Makes a call within a span of another process; returns the request as the service saw it."""
    trace = continue_trace(f"00-{_TRACE}-{'c' * 16}-{flags}", state)
    request = RequestContext("req-1", trace, access_token=running.issuer.token())
    with within_request(request):
        async with GrpcClient(running.target) as client:
            await OrderServiceStub(client.channel).get_order(GetOrderRequest(order_id=ORDER_ID), timeout=5)
    seen = running.orders.seen
    assert seen is not None
    return seen


def attributes_of(traces: Traces) -> dict[str, Any]:
    (span,) = traces.ended
    return dict(span.attributes or {})


async def test_sampled_call_is_recorded_as_the_parent_of_its_calls() -> None:
    traces = Traces()
    async with running_server(tracer=traces.tracer) as running:
        seen = await call(running, "01", "vendor=1")
    (span,) = traces.ended
    assert span.name == "order.v1.OrderService/GetOrder"
    assert span.status.is_ok
    assert (seen.trace.trace_id, seen.trace.span_id) == (_TRACE, format_span_id(span.context.span_id))
    assert seen.trace.state == "vendor=1"
    assert attributes_of(traces) == {
        "rpc.system.name": "grpc",
        "rpc.method": "order.v1.OrderService/GetOrder",
        "rpc.response.status_code": "OK",
        "headrace.request_id": "req-1",
    }


@pytest.mark.parametrize(
    ("error", "status", "failed"), [(NoSuchThingError(), "NOT_FOUND", False), (ValueError(), "INTERNAL", True)]
)
async def test_only_server_errors_mark_a_span_as_failed(error: Exception, status: str, failed: bool) -> None:
    traces = Traces()
    async with running_server(tracer=traces.tracer) as running:
        running.orders.error = error
        with pytest.raises(GRPCError):
            await call(running, "01")
    recorded = attributes_of(traces)
    assert recorded["rpc.response.status_code"] == status
    assert ("error.type" in recorded) is failed
    assert traces.ended[0].status.is_ok is not failed


async def test_call_that_is_not_sampled_is_not_recorded() -> None:
    traces = Traces(ratio=1.0)
    async with running_server(tracer=traces.tracer) as running:
        seen = await call(running, "00")
    assert traces.ended == ()
    assert seen.span is None
    assert seen.trace.trace_id == _TRACE
