"""How long stores take to answer: in the metrics by the operation, and in the traces of sampled requests."""

from time import perf_counter
from types import TracebackType

from opentelemetry.trace import SpanKind

from service_kit.request.context import current_request
from service_kit.telemetry.seconds_histogram import seconds_histogram
from service_kit.tracing.recording import Recording

# Names and attributes are those of the semantic conventions:
# https://opentelemetry.io/docs/specs/semconv/db/database-metrics/#metric-dbclientoperationduration,
# https://opentelemetry.io/docs/specs/semconv/db/database-spans/.
_duration = seconds_histogram(
    "db.client.operation.duration",
    "How long stores took to answer, by operation",
    "db.system.name",
    "db.operation.name",
    "error.type",
)


class StoreOperation:
    """Times one question to a store: ``with StoreOperation("redis", "GET"): await …``.

    system: "postgresql" or "redis". operation: one of few, never anything of the question itself. What is raised
    inside is counted under its type, a cancellation too.
    text: what was asked, with placeholders for its values, for traces only; empty where values stand in it.
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
    """What a trace tells of a question."""
    return {"db.system.name": system, "db.operation.name": operation}


def begin_span(within: Recording, attributes: dict[str, str], text: str = "") -> Recording:
    """A question with these attributes as a step of a request, where nothing is to be counted."""
    asked = {**attributes, "db.query.text": text} if text else attributes
    return within.child(attributes["db.operation.name"], SpanKind.CLIENT, asked)
