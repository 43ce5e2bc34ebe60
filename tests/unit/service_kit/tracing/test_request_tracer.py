"""Sampling of requests, and the parents of their spans."""

import pytest
from opentelemetry.trace import SpanKind, format_span_id, format_trace_id
from service_kit.telemetry.trace_context import continue_trace

from tests.running.recorded_traces import Traces

_TRACE, _SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(("ratio", "flags", "recorded"), [(0.0, "01", True), (1.0, "00", False)])
def test_trace_of_a_caller_follows_the_callers_decision(ratio: float, flags: str, recorded: bool) -> None:
    span = Traces(ratio).begin(continue_trace(f"00-{_TRACE}-{_SPAN}-{flags}"))
    assert (span is not None) is recorded


@pytest.mark.parametrize(("ratio", "least", "most"), [(0.0, 0, 0), (1.0, 1000, 1000), (0.25, 180, 320)])
def test_new_traces_are_sampled_by_ratio(ratio: float, least: int, most: int) -> None:
    traces = Traces(ratio)
    recorded = sum(traces.begin(continue_trace(None)) is not None for _ in range(1000))
    assert least <= recorded <= most


def test_sampled_new_trace_is_propagated_as_recorded() -> None:
    span = Traces(1.0).begin(continue_trace(None))
    assert span is not None
    assert span.trace.sampled


def test_child_spans_belong_to_their_parent() -> None:
    traces = Traces()
    outer = traces.begin(continue_trace(f"00-{_TRACE}-{_SPAN}-01", "vendor=1"))
    assert outer is not None
    inner = outer.child("call", SpanKind.CLIENT, {"b": "x"})
    inner.end("UNAVAILABLE")
    outer.describe("GET /x", {"c": 2})
    outer.end()

    call, request = traces.ended
    assert (request.name, request.kind, dict(request.attributes or {})) == ("GET /x", SpanKind.SERVER, {"a": 1, "c": 2})
    assert request.status.is_ok
    assert request.parent is not None
    assert format_span_id(request.parent.span_id) == _SPAN
    assert request.context.trace_state.to_header() == outer.trace.state == inner.trace.state == "vendor=1"
    assert call.parent == request.context
    assert not call.status.is_ok
    assert dict(call.attributes or {}) == {"b": "x", "error.type": "UNAVAILABLE"}
    propagated = inner.trace
    assert (propagated.trace_id, propagated.span_id) == (_TRACE, format_span_id(call.context.span_id))
    assert format_trace_id(call.context.trace_id) == _TRACE
