"""What the pools of connections to stores are doing, in the metrics."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.metrics import CallbackOptions, Observation

from service_kit.telemetry.metrics import meter


@dataclass(frozen=True, slots=True)
class PoolCounts:
    """Connections of a pool: lying idle; in use, or lost to whoever has not given them back; and who waits for one."""

    idle: int
    used: int
    waiting: int


_pools: dict[str, Callable[[], PoolCounts]] = {}


@contextmanager
def shown_pool(name: str, counts: Callable[[], PoolCounts]) -> Iterator[None]:
    """Show the pool ``name`` in the metrics for as long as the context lasts."""
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


# The names are those of the semantic conventions, but for "connection.count": Prometheus keeps `_count` for histograms.
# https://opentelemetry.io/docs/specs/semconv/db/database-metrics/#connection-pools.
_instruments = meter(__name__)
_instruments.create_observable_up_down_counter(
    "db.client.connections", [_connections], unit="{connection}", description="Connections to a store, by state"
)
_instruments.create_observable_up_down_counter(
    "db.client.connection.pending_requests", [_waiting], unit="{request}", description="Who waits for a connection"
)
