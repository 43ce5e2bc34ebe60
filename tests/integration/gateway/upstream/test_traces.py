"""Attempts at a call as spans: each has its own, which the called service continues."""

from dataclasses import replace
from time import monotonic
from typing import Any

from grpclib.const import Status
from opentelemetry.trace import format_span_id
from service_kit.grpc.errors import to_grpc_error
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError
from service_kit.telemetry.trace_context import continue_trace

from tests.integration.gateway.upstream.caller import POLICY, calling
from tests.integration.gateway.upstream.service import SHOW, replicas
from tests.running.recorded_traces import Traces


async def test_a_call_that_is_sent_again_is_two_steps() -> None:
    told: list[str] = []

    async def fail_once(stream: Any) -> None:
        told.append(stream.metadata["traceparent"])
        if len(told) == 1:
            raise to_grpc_error(CallError(Status.UNAVAILABLE, "X"))

    traces = Traces()
    request = RequestContext("request-1", continue_trace(None), deadline=monotonic() + 20)
    request.span = traces.begin_one()
    request.trace = request.span.trace
    async with replicas(2) as both, calling(both, replace(POLICY, breaker_failures=10**6)) as caller:
        for replica in both:
            replica.behave = fail_once
        await caller.upstream.call(SHOW, SHOW.request_class(), request)

    failed, answered = traces.ended
    assert {span.name for span in traces.ended} == {"order.v1.OrderService/GetOrder"}
    assert [format_span_id(span.parent.span_id) for span in traces.ended if span.parent] == [request.trace.span_id] * 2
    assert [traceparent.split("-")[2:] for traceparent in told] == [
        [format_span_id(span.context.span_id), "01"] for span in (failed, answered)
    ]
    attributes = [dict(span.attributes or {}) for span in (failed, answered)]
    assert [each["rpc.response.status_code"] for each in attributes] == ["UNAVAILABLE", "OK"]
    assert attributes[0]["error.type"] == "UNAVAILABLE"
    assert attributes[0]["server.port"] != attributes[1]["server.port"]


async def test_a_request_that_is_not_recorded_says_so() -> None:
    told: list[str] = []

    async def note(stream: Any) -> None:
        told.append(stream.metadata["traceparent"])

    async with replicas(1) as (replica,), calling([replica]) as caller:
        replica.behave = note
        await caller.call()
    assert told[0].endswith("-00")
