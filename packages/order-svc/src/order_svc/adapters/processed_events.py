"""Which events have had their effect, in PostgreSQL, where the effect is."""

from typing import LiteralString

from service_kit.postgres import PostgresPool

from order_svc.adapters.statements import fetch, write

_FIND: LiteralString = "SELECT FROM processed_events WHERE event_id = %s"
_ADD: LiteralString = "INSERT INTO processed_events (event_id) VALUES (%s) ON CONFLICT DO NOTHING"


class PostgresProcessedEvents:
    """Keeps them for good. Every method may raise DependencyUnavailableError."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def contains(self, event_id: str) -> bool:
        """Whether the event has had its effect."""
        return bool(await fetch(self._pool, _FIND, (event_id,)))

    async def add(self, event_id: str) -> None:
        """The event has had its effect."""
        await write(self._pool, _ADD, (event_id,))
