"""The users who are gone, in PostgreSQL. That no order of theirs is added is kept by a trigger there (migrations/)."""

from datetime import datetime
from typing import LiteralString

from service_kit.postgres import PostgresPool

from order_svc.adapters.statements import write

_BURY: LiteralString = "CALL bury_user(%s, %s)"


class PostgresDeletedUsers:
    """The port DeletedUsers."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def add(self, user_id: str, at: datetime) -> None:
        await write(self._pool, _BURY, (user_id, at))
