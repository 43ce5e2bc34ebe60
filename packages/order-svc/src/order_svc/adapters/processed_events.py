"""The ids of processed events in PostgreSQL, beside the effects of the events."""

from datetime import datetime
from typing import LiteralString

from service_kit.postgres import PostgresPool

from order_svc.adapters.statements import execute, fetch_all

_FIND: LiteralString = "SELECT FROM processed_events WHERE event_id = %s"
#: SKIP LOCKED: replicas that delete at the same time share the work and do not wait for each other.
_DELETE_OLDER: LiteralString = """
DELETE FROM processed_events WHERE event_id IN (
  SELECT event_id FROM processed_events WHERE processed_at < %s
  ORDER BY processed_at LIMIT %s FOR UPDATE SKIP LOCKED
)"""
_ADD: LiteralString = "INSERT INTO processed_events (event_id) VALUES (%s) ON CONFLICT DO NOTHING"


class PostgresProcessedEvents:
    """Implements the ports ProcessedEvents and ExpiringStore. Every method may raise DependencyUnavailableError.

    An event that is delivered again after its id was deleted is processed again. That changes nothing, because every
    handler is idempotent (use_cases/forget_user.py); the stored id only saves the work.
    """

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def contains(self, event_id: str) -> bool:
        """Returns whether the event was processed."""
        return bool(await fetch_all(self._pool, _FIND, (event_id,)))

    async def add(self, event_id: str) -> None:
        """Records that the event was processed."""
        await execute(self._pool, _ADD, (event_id,))

    async def delete_older(self, before: datetime, limit: int) -> int:
        """Deletes at most ``limit`` ids recorded before a time, and returns how many."""
        return await execute(self._pool, _DELETE_OLDER, (before, limit))
