"""A span of a sampled request."""

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, format_span_id, format_trace_id
from opentelemetry.trace.propagation import set_span_in_context

from service_kit.telemetry.trace_context import TraceContext

_SAMPLED = "01"


class RecordedSpan:
    """A span of a sampled request, from its creation to `end`. trace: the context to propagate to callees.

    Names and attributes are those of the semantic conventions, and bounded: docs/adr/0014 says what they must not hold.
    state: the trace's `tracestate`.
    """

    __slots__ = ("_span", "_tracer", "trace")

    def __init__(self, tracer: Tracer, span: Span, state: str) -> None:
        self._tracer = tracer
        self._span = span
        ids = span.get_span_context()
        self.trace = TraceContext(
            format_trace_id(ids.trace_id), format_span_id(ids.span_id), _SAMPLED, parent_id="", state=state
        )

    def child(self, name: str, kind: SpanKind, attributes: Mapping[str, str | int]) -> "RecordedSpan":
        """Begins a child span."""
        within = set_span_in_context(self._span, Context())
        return RecordedSpan(self._tracer, self._tracer.start_span(name, within, kind, attributes), self.trace.state)

    def set(self, name: str, value: str | int) -> None:
        """Sets an attribute that was unknown at the beginning."""
        self._span.set_attribute(name, value)

    def describe(self, name: str, attributes: Mapping[str, str | int]) -> None:
        """Sets the name, and attributes that were unknown at the beginning."""
        self._span.update_name(name)
        self._span.set_attributes(attributes)

    def end(self, error: str | None = None) -> None:
        """Ends the span. error: the kind of failure, of low cardinality; None: success."""
        if error is not None:
            self._span.set_attribute("error.type", error)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()
