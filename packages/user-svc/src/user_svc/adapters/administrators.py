"""Keeps at least one administrator, in PostgreSQL.

A transaction that takes an administrator away begins with `lock`. So if two administrators demote or delete each other
at the same moment, the second transaction sees the result of the first. Only these changes wait for each other: logins,
registrations and deletions of ordinary users do not.
"""

from typing import LiteralString

from user_svc.adapters.statements import Cursor
from user_svc.domain.errors import LastAdminError

#: In a statement of its own: the statements after it see what the former holder of the lock has committed.
_LOCK: LiteralString = "SELECT pg_advisory_xact_lock(hashtext('administrators'))"
_IS_ADMIN: LiteralString = "SELECT FROM users WHERE user_id = %s AND role = 'admin'"
_ANOTHER: LiteralString = "SELECT FROM users WHERE role = 'admin' AND user_id <> %s LIMIT 1"


async def lock(transaction: Cursor) -> None:
    """Waits until no other transaction holds the lock, and holds it until this one ends."""
    await transaction.execute(_LOCK)


async def is_admin(transaction: Cursor, user_id: str) -> bool:
    """Returns whether the account exists and is an administrator's."""
    await transaction.execute(_IS_ADMIN, (user_id,))
    return transaction.rowcount > 0


async def require_another(transaction: Cursor, user_id: str) -> None:
    """Checks that another account is an administrator's. The transaction holds the lock.

    Raises:
        LastAdminError: no other account is.
    """
    await transaction.execute(_ANOTHER, (user_id,))
    if not transaction.rowcount:
        raise LastAdminError
