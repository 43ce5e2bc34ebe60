"""The accounts in PostgreSQL."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import LiteralString

import psycopg.errors
from psycopg.rows import TupleRow
from service_kit.postgres import PostgresPool

from user_svc.adapters import administrators
from user_svc.adapters.audit_log import INSERT, INSERT_IF_LOGIN_STANDS, event_row
from user_svc.adapters.outbox import table as outbox_table
from user_svc.adapters.outbox.messages import outbox_row
from user_svc.adapters.statements import Cursor, fetch_all, fetch_one, in_transaction
from user_svc.adapters.user_pages import parameters_of, statement_of
from user_svc.adapters.user_rows import COLUMNS, user_of
from user_svc.domain.audit import AuditEvent
from user_svc.domain.errors import AccessDeniedError, EmailTakenError, UserNotFoundError
from user_svc.domain.user import Role, RoleChange, User
from user_svc.domain.user_deleted import UserDeleted
from user_svc.domain.user_listing import UserFilters, UserPosition

_ADD: LiteralString = """
    INSERT INTO users (user_id, email, name, role, password_hash, password_version, created_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)"""
_WITH_ID: LiteralString = f"SELECT {COLUMNS} FROM users WHERE user_id = %s"  # noqa: S608 - constants
_OF_SESSION: LiteralString = f"""
    SELECT {COLUMNS} FROM users
    WHERE user_id = %s AND NOT EXISTS (SELECT FROM ended_sessions WHERE session_id = %s)"""  # noqa: S608 - constants
_WITH_EMAIL: LiteralString = f"SELECT {COLUMNS} FROM users WHERE lower(email) = lower(%s)"  # noqa: S608 - constants
_CHANGE_PASSWORD: LiteralString = f"""
    UPDATE users SET password_hash = %s, password_version = password_version + 1
    WHERE user_id = %s AND password_version = %s
    RETURNING {COLUMNS}"""  # noqa: S608 - constants
_REHASH: LiteralString = "UPDATE users SET password_hash = %s WHERE user_id = %s AND password_version = %s RETURNING 1"
_LOCKED: LiteralString = f"{_WITH_ID} FOR UPDATE"
_CHANGE_ROLE: LiteralString = "UPDATE users SET role = %s, password_version = password_version + 1 WHERE user_id = %s"
#: Waits for a change of the role that is under way, and sees the role that it leaves.
_REMOVE_ORDINARY: LiteralString = "DELETE FROM users WHERE user_id = %s AND role <> 'admin'"
_REMOVE: LiteralString = "DELETE FROM users WHERE user_id = %s"
_EMAIL_INDEX = "users_email_key"


class PostgresUsers:
    """Keeps every change together with its audit event, and with what others must learn of it, in one transaction.

    on_event: called when there is something new for others to learn. It must not wait.
    """

    def __init__(self, pool: PostgresPool, on_event: Callable[[], None] = lambda: None) -> None:
        self._pool = pool
        self._on_event = on_event

    async def add(self, user: User, event: AuditEvent) -> None:
        values = (user.user_id, user.email, user.name, user.role, user.password_hash)

        async def work(c: Cursor) -> None:
            await c.execute(_ADD, (*values, user.password_version, user.created_at))
            await c.execute(INSERT, event_row(event))

        try:
            await in_transaction(self._pool, work)
        except psycopg.errors.UniqueViolation as exc:
            if exc.diag.constraint_name != _EMAIL_INDEX:
                raise
            raise EmailTakenError from exc

    async def with_id(self, user_id: str) -> User | None:
        return _user(await fetch_one(self._pool, _WITH_ID, (user_id,)))

    async def of_session(self, user_id: str, session_id: str) -> User | None:
        return _user(await fetch_one(self._pool, _OF_SESSION, (user_id, session_id)))

    async def with_email(self, email: str) -> User | None:
        return _user(await fetch_one(self._pool, _WITH_EMAIL, (email,)))

    async def record_login(self, user: User, event: AuditEvent) -> bool:
        arguments = (*event_row(event), user.user_id, user.password_version)
        return await fetch_one(self._pool, INSERT_IF_LOGIN_STANDS, arguments) is not None

    async def change_password(self, user: User, password_hash: str, event: AuditEvent) -> User | None:
        async def work(c: Cursor) -> User | None:
            await c.execute(_CHANGE_PASSWORD, (password_hash, user.user_id, user.password_version))
            changed = _user(await c.fetchone())
            if changed is not None:
                await c.execute(INSERT, event_row(event))
            return changed

        return await in_transaction(self._pool, work)

    async def rehash_password(self, user: User, password_hash: str) -> None:
        await fetch_one(self._pool, _REHASH, (password_hash, user.user_id, user.password_version))

    async def page(self, filters: UserFilters, behind: UserPosition | None, limit: int) -> Sequence[User]:
        rows = await fetch_all(self._pool, statement_of(filters), parameters_of(filters, behind, limit))
        return [user_of(row) for row in rows]

    async def change_role(self, user_id: str, role: Role, event: AuditEvent) -> RoleChange:
        async def work(c: Cursor) -> RoleChange:
            await administrators.lock(c)
            if event.actor is not None and not await administrators.is_admin(c, event.actor):
                raise AccessDeniedError
            await c.execute(_LOCKED, (user_id,))
            user = _user(await c.fetchone())
            if user is None:
                raise UserNotFoundError
            if user.role is role:
                return RoleChange(user, is_made=False)
            if user.is_admin:
                await administrators.require_another(c, user_id)
            await c.execute(_CHANGE_ROLE, (role, user_id))
            await c.execute(INSERT, event_row(event.with_detail(**{"from": user.role.value, "to": role.value})))
            changed = replace(user, role=role, password_version=user.password_version + 1)
            return RoleChange(changed, is_made=True)

        return await in_transaction(self._pool, work)

    async def remove(self, deleted: UserDeleted, event: AuditEvent) -> bool:
        async def work(c: Cursor) -> bool:
            if not await _removed(c, deleted.user_id):
                return False
            await c.execute(INSERT, event_row(event))
            await c.execute(outbox_table.INSERT, outbox_row(deleted))
            return True

        removed = await in_transaction(self._pool, work)
        if removed:
            self._on_event()
        return removed


async def _removed(c: Cursor, user_id: str) -> bool:
    """Whether the account was there, and is removed. LastAdminError."""
    await c.execute(_REMOVE_ORDINARY, (user_id,))
    if c.rowcount:
        return True
    await administrators.lock(c)
    if await administrators.is_admin(c, user_id):
        await administrators.require_another(c, user_id)
    await c.execute(_REMOVE, (user_id,))
    return c.rowcount > 0


def _user(row: TupleRow | None) -> User | None:
    return None if row is None else user_of(row)
