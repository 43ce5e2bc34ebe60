"""Traces recorded in memory."""

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from service_kit.telemetry.trace_context import TraceContext, continue_trace
from service_kit.tracing.recorded_span import RecordedSpan
from service_kit.tracing.request_tracer import RequestTracer


class Traces:
    """A tracer with its recorded spans."""

    def __init__(self, ratio: float = 0.0) -> None:
        self._recorded = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._recorded))
        self.tracer = RequestTracer(provider.get_tracer("test"), ratio)

    @property
    def ended(self) -> tuple[ReadableSpan, ...]:
        """The spans in the order in which they ended."""
        return self._recorded.get_finished_spans()

    def begin(self, trace: TraceContext) -> RecordedSpan | None:
        """Returns a request's span, if it is recorded."""
        if not self.tracer.samples(trace):
            return None
        return self.tracer.begin(trace, "GET", SpanKind.SERVER, {"a": 1})

    def begin_one(self) -> RecordedSpan:
        """Returns the span of a request whose caller is sampled."""
        span = self.begin(continue_trace(f"00-{'a' * 32}-{'b' * 16}-01"))
        assert span is not None
        return span
