"""Times operations of stores, for metrics and for the traces of sampled requests."""

from time import perf_counter
from types import TracebackType

from opentelemetry.trace import SpanKind

from service_kit.request.context import current_request
from service_kit.telemetry.seconds_histogram import seconds_histogram
from service_kit.tracing.recorded_span import RecordedSpan

# Names and attributes are those of the semantic conventions:
# https://opentelemetry.io/docs/specs/semconv/db/database-metrics/#metric-dbclientoperationduration,
# https://opentelemetry.io/docs/specs/semconv/db/database-spans/.
_duration = seconds_histogram(
    "db.client.operation.duration",
    "Duration of store operations",
    "db.system.name",
    "db.operation.name",
    "error.type",
)


class StoreOperation:
    """Times one operation of a store: ``with StoreOperation("redis", "GET"): await …``.

    An exception inside, a cancellation too, is recorded under its type.

    system: "postgresql" or "redis". operation: a low-cardinality name, without any part of the query itself.
    text: the query with placeholders for its values, for traces only; empty if it contains values.
    """

    __slots__ = ("_began_s", "_operation", "_span", "_system", "_text")

    def __init__(self, system: str, operation: str, text: str = "") -> None:
        self._system = system
        self._operation = operation
        self._text = text

    def __enter__(self) -> None:
        request = current_request()
        self._span = None
        if request is not None and request.span is not None:
            self._span = begin_span(request.span, attributes_of(self._system, self._operation), self._text)
        self._began_s = perf_counter()

    def __exit__(
        self, error: type[BaseException] | None, _exception: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        error_type = "" if error is None else error.__name__
        _duration.record(perf_counter() - self._began_s, self._system, self._operation, error_type)
        if self._span is not None:
            self._span.end(error_type or None)


def attributes_of(system: str, operation: str) -> dict[str, str]:
    """Returns the attributes that identify an operation in a trace."""
    return {"db.system.name": system, "db.operation.name": operation}


def begin_span(within: RecordedSpan, attributes: dict[str, str], text: str = "") -> RecordedSpan:
    """Begins the span of an operation within the span of a request; records no metric."""
    described = {**attributes, "db.query.text": text} if text else attributes
    return within.child(attributes["db.operation.name"], SpanKind.CLIENT, described)
