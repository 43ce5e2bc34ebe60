"""What keeps at least one administrator, in PostgreSQL.

Whatever takes an administrator away does so in a transaction that begins with `lock`. So of two administrators who
demote or delete each other at the same moment, the second sees what the first has done. Only these changes wait for
each other: no login, registration or deletion of a user does.
"""

from typing import LiteralString

from user_svc.adapters.statements import Cursor
from user_svc.domain.errors import LastAdminError

#: In a statement of its own: those that follow it see what the last holder did.
_LOCK: LiteralString = "SELECT pg_advisory_xact_lock(hashtext('administrators'))"
_IS_ADMIN: LiteralString = "SELECT FROM users WHERE user_id = %s AND role = 'admin'"
_ANOTHER: LiteralString = "SELECT FROM users WHERE role = 'admin' AND user_id <> %s LIMIT 1"


async def lock(transaction: Cursor) -> None:
    """Waits until no other transaction takes an administrator away, and keeps others waiting until this one ends."""
    await transaction.execute(_LOCK)


async def is_admin(transaction: Cursor, user_id: str) -> bool:
    """Whether the account is there, and an administrator's."""
    await transaction.execute(_IS_ADMIN, (user_id,))
    return transaction.rowcount > 0


async def require_another(transaction: Cursor, user_id: str) -> None:
    """LastAdminError: no account but this one is an administrator's. The transaction holds the lock."""
    await transaction.execute(_ANOTHER, (user_id,))
    if not transaction.rowcount:
        raise LastAdminError
