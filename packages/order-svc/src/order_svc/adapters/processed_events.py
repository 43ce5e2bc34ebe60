"""Which events have had their effect, in PostgreSQL, where the effect is."""

from datetime import datetime
from typing import LiteralString

from service_kit.postgres import PostgresPool

from order_svc.adapters.statements import fetch, write

_FIND: LiteralString = "SELECT FROM processed_events WHERE event_id = %s"
#: SKIP LOCKED: replicas that forget at the same time share the work instead of waiting for each other.
_FORGET: LiteralString = """
DELETE FROM processed_events WHERE event_id IN (
  SELECT event_id FROM processed_events WHERE processed_at < %s
  ORDER BY processed_at LIMIT %s FOR UPDATE SKIP LOCKED
)"""
_ADD: LiteralString = "INSERT INTO processed_events (event_id) VALUES (%s) ON CONFLICT DO NOTHING"


class PostgresProcessedEvents:
    """The ports ProcessedEvents and Outdating. Every method may raise DependencyUnavailableError.

    An event that comes again after its mark is forgotten has its effect again, which changes nothing: every effect may
    be begun anew (use_cases/forget_user.py). The mark spares the work.
    """

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def contains(self, event_id: str) -> bool:
        """Whether the event has had its effect."""
        return bool(await fetch(self._pool, _FIND, (event_id,)))

    async def add(self, event_id: str) -> None:
        """The event has had its effect."""
        await write(self._pool, _ADD, (event_id,))

    async def forget(self, before: datetime, limit: int) -> int:
        """Forgets at most ``limit`` marks made before a time; how many there were."""
        return await write(self._pool, _FORGET, (before, limit))
