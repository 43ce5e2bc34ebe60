"""How long stores take to answer, in the metrics, by the operation."""

from time import perf_counter
from types import TracebackType

from service_kit.metrics import meter

# Name and attributes are those of the semantic conventions:
# https://opentelemetry.io/docs/specs/semconv/db/database-metrics/#metric-dbclientoperationduration.
_duration = meter(__name__).create_histogram(
    "db.client.operation.duration", unit="s", description="How long stores took to answer, by operation"
)


class StoreOperation:
    """Times one question to a store: ``with StoreOperation("redis", "GET"): await …``.

    system: "postgresql" or "redis". operation: one of few, never anything of the question itself. What is raised
    inside is counted under its type, a cancellation too.
    """

    __slots__ = ("_attributes", "_began_s")

    def __init__(self, system: str, operation: str) -> None:
        self._attributes = {"db.system.name": system, "db.operation.name": operation}

    def __enter__(self) -> None:
        self._began_s = perf_counter()

    def __exit__(
        self, error: type[BaseException] | None, _exception: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._attributes["error.type"] = error.__name__
        _duration.record(perf_counter() - self._began_s, self._attributes)
