"""The ids of deleted users in PostgreSQL, where a trigger refuses their new orders (migrations/)."""

from datetime import datetime
from typing import LiteralString

from service_kit.postgres import PostgresPool

from order_svc.adapters.statements import execute

_ADD: LiteralString = "CALL bury_user(%s, %s)"
#: SKIP LOCKED: replicas that delete at the same time share the work and do not wait for each other.
_DELETE_OLDER: LiteralString = """
DELETE FROM deleted_users WHERE user_id IN (
  SELECT user_id FROM deleted_users WHERE deleted_at < %s
  ORDER BY deleted_at LIMIT %s FOR UPDATE SKIP LOCKED
)"""


class PostgresDeletedUsers:
    """Implements the port DeletedUsers."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def add(self, user_id: str, at: datetime) -> None:
        await execute(self._pool, _ADD, (user_id, at))

    async def delete_older(self, before: datetime, limit: int) -> int:
        return await execute(self._pool, _DELETE_OLDER, (before, limit))
