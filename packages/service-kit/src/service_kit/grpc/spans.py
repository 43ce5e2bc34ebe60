"""Calls as spans (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/)."""

from grpclib.const import Status
from opentelemetry.trace import SpanKind

from service_kit.request.context import RequestContext
from service_kit.tracing.recorded_span import RecordedSpan
from service_kit.tracing.request_tracer import RequestTracer

_SYSTEM = {"rpc.system.name": "grpc"}
#: Errors of the server; any other status is the fault of the caller, or no fault.
_SERVER_ERRORS = frozenset(
    {
        Status.UNKNOWN,
        Status.DEADLINE_EXCEEDED,
        Status.UNIMPLEMENTED,
        Status.INTERNAL,
        Status.UNAVAILABLE,
        Status.DATA_LOSS,
    }
)


def begin_served(tracer: RequestTracer, request: RequestContext) -> None:
    """Begins the span of a received call, if the call is sampled."""
    if not tracer.samples(request.trace):
        return
    attributes = {**_SYSTEM, "rpc.method": request.rpc, "headrace.request_id": request.request_id}
    request.span = tracer.begin(request.trace, request.rpc, SpanKind.SERVER, attributes)
    request.trace = request.span.trace


def end_served(span: RecordedSpan, status: Status, code: str) -> None:
    """Ends the span of a received call; ``code`` is the reason of a refusal."""
    if code:
        span.set("headrace.code", code)
    _end(span, status, failed=status in _SERVER_ERRORS)


def begin_made(within: RecordedSpan, method: str, host: str, port: int) -> RecordedSpan:
    """Begins the span of a call to another service; ``method`` is its full name."""
    attributes: dict[str, str | int] = {**_SYSTEM, "rpc.method": method, "server.address": host, "server.port": port}
    return within.child(method, SpanKind.CLIENT, attributes)


def end_made(span: RecordedSpan, status: Status) -> None:
    """Ends the span of a call to another service."""
    _end(span, status, failed=status is not Status.OK)


def _end(span: RecordedSpan, status: Status, *, failed: bool) -> None:
    span.set("rpc.response.status_code", status.name)
    span.end(status.name if failed else None)
