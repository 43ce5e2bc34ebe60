"""The users who are gone, in PostgreSQL. That no order of theirs is added is kept by a trigger there (migrations/)."""

from datetime import datetime
from typing import LiteralString

from service_kit.postgres import PostgresPool

from order_svc.adapters.statements import write

_BURY: LiteralString = "CALL bury_user(%s, %s)"
#: SKIP LOCKED: replicas that forget at the same time share the work instead of waiting for each other.
_FORGET: LiteralString = """
DELETE FROM deleted_users WHERE user_id IN (
  SELECT user_id FROM deleted_users WHERE deleted_at < %s
  ORDER BY deleted_at LIMIT %s FOR UPDATE SKIP LOCKED
)"""


class PostgresDeletedUsers:
    """The port DeletedUsers."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def add(self, user_id: str, at: datetime) -> None:
        await write(self._pool, _BURY, (user_id, at))

    async def forget(self, before: datetime, limit: int) -> int:
        return await write(self._pool, _FORGET, (before, limit))
