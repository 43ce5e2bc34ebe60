"""Parsing of traceparent and tracestate."""

import pytest
from service_kit.telemetry.trace_context import TraceContext, continue_trace

_TRACE, _SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_traceparent_of_a_caller_continues_its_trace() -> None:
    trace = continue_trace(f"00-{_TRACE}-{_SPAN}-01", "a=1,b=2")
    assert (trace.trace_id, trace.parent_id, trace.flags, trace.state) == (_TRACE, _SPAN, "01", "a=1,b=2")
    assert trace.span_id not in {_SPAN, "0" * 16}
    assert trace.traceparent == f"00-{_TRACE}-{trace.span_id}-01"


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True), ("ff", True)])
def test_sampled_is_the_last_bit_of_the_flags(flags: str, sampled: bool) -> None:
    assert continue_trace(f"00-{_TRACE}-{_SPAN}-{flags}").sampled is sampled


@pytest.mark.parametrize("traceparent", [None, "", "rubbish", f"00-{'0' * 32}-{_SPAN}-01", f"00-{_TRACE}-{_SPAN}-01-x"])
def test_absent_or_malformed_traceparent_begins_a_new_trace_without_state(traceparent: str | None) -> None:
    trace = continue_trace(traceparent, "a=1")
    assert trace.trace_id != _TRACE
    assert (trace.parent_id, trace.flags, trace.state) == ("", "00", "")


@pytest.mark.parametrize("state", ["a=é", "a=\r\nx-evil: 1", "a=" + "x" * 511, ",".join(f"k{i}=1" for i in range(33))])
def test_malformed_tracestate_is_dropped(state: str) -> None:
    trace = continue_trace(f"00-{_TRACE}-{_SPAN}-01", state)
    assert (trace.trace_id, trace.state) == (_TRACE, "")


def test_traceparent_of_a_later_version_may_have_more_fields() -> None:
    assert continue_trace(f"cc-{_TRACE}-{_SPAN}-01-what-the-future-says").trace_id == _TRACE


def test_traceparent_is_written_in_version_00() -> None:
    assert TraceContext(_TRACE, _SPAN).traceparent == f"00-{_TRACE}-{_SPAN}-00"
