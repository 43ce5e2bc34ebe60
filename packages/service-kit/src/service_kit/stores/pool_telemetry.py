"""Metrics of the connection pools of stores."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.metrics import CallbackOptions, Observation

from service_kit.telemetry.metrics import meter


@dataclass(frozen=True, slots=True)
class PoolCounts:
    """Counts of one pool. idle, used: connections; a leaked one counts as used. waiting: callers without one yet."""

    idle: int
    used: int
    waiting: int


_pools: dict[str, Callable[[], PoolCounts]] = {}


@contextmanager
def exported_pool(name: str, counts: Callable[[], PoolCounts]) -> Iterator[None]:
    """Exports the counts of the pool ``name`` inside the `with`."""
    _pools[name] = counts
    try:
        yield
    finally:
        _pools.pop(name, None)


def _connections(_options: CallbackOptions) -> Iterable[Observation]:
    for name, counts in _pools.items():
        now = counts()
        yield Observation(now.idle, {"db.client.connection.pool.name": name, "db.client.connection.state": "idle"})
        yield Observation(now.used, {"db.client.connection.pool.name": name, "db.client.connection.state": "used"})


def _waiting(_options: CallbackOptions) -> Iterable[Observation]:
    return [Observation(counts().waiting, {"db.client.connection.pool.name": name}) for name, counts in _pools.items()]


# The names are those of the semantic conventions, except "connection.count": Prometheus reserves `_count` for
# histograms.
# https://opentelemetry.io/docs/specs/semconv/db/database-metrics/#connection-pools.
_instruments = meter(__name__)
_instruments.create_observable_up_down_counter(
    "db.client.connections", [_connections], unit="{connection}", description="Connections to a store, by state"
)
_instruments.create_observable_up_down_counter(
    "db.client.connection.pending_requests",
    [_waiting],
    unit="{request}",
    description="Callers that wait for a connection",
)
