"""Decides which requests are traced, and begins their spans."""

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    Tracer,
    TraceState,
    set_span_in_context,
)

from service_kit.telemetry.trace_context import TraceContext
from service_kit.tracing.recorded_span import RecordedSpan

#: Sampling compares the lower half of a trace id, as OpenTelemetry's own sampler does.
_HALF_DIGITS = 16


class RequestTracer:
    """Begins the spans of incoming requests.

    A trace that a caller began is recorded if the caller records it; of those that begin here, ``sample_ratio`` (0 to
    1) are recorded. Callees learn the decision, so a trace is recorded as a whole or not at all.
    """

    def __init__(self, tracer: Tracer, sample_ratio: float) -> None:
        self._tracer = tracer
        self._bound: int = round(sample_ratio * 2 ** (4 * _HALF_DIGITS))

    def samples(self, trace: TraceContext) -> bool:
        """Returns whether a request with this context is recorded."""
        if trace.parent_id:
            return trace.sampled
        return int(trace.trace_id[-_HALF_DIGITS:], 16) < self._bound

    def begin(
        self, trace: TraceContext, name: str, kind: SpanKind, attributes: Mapping[str, str | int]
    ) -> RecordedSpan:
        """Begins the span of a recorded request."""
        within = _called_from(trace) if trace.parent_id else Context()
        return RecordedSpan(self._tracer, self._tracer.start_span(name, within, kind, attributes), trace.state)


def _called_from(trace: TraceContext) -> Context:
    caller = SpanContext(
        int(trace.trace_id, 16),
        int(trace.parent_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
        trace_state=TraceState.from_header([trace.state]) if trace.state else None,
    )
    return set_span_in_context(NonRecordingSpan(caller), Context())
