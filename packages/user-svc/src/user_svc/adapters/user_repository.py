"""The repository of accounts, in PostgreSQL."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import psycopg.errors
from psycopg.rows import TupleRow
from service_kit.postgres import PostgresPool

from user_svc.adapters import administrators, user_sql
from user_svc.adapters.audit_trail import INSERT, INSERT_IF_ACCOUNT_UNCHANGED, event_row
from user_svc.adapters.outbox import table as outbox_table
from user_svc.adapters.outbox.user_events import outbox_row
from user_svc.adapters.statements import Cursor, fetch_all, fetch_one, in_transaction
from user_svc.domain.audit import AuditEvent
from user_svc.domain.errors import AccessDeniedError, EmailTakenError, UserNotFoundError
from user_svc.domain.user import Role, RoleChange, User, UserDeletion
from user_svc.domain.user_listing import UserFilters, UserPosition


class PostgresUserRepository:
    """The port UserRepository. Writes a change, its audit event and its outbox event in one transaction.

    on_event: called after an event was written to the outbox. It must not block.
    """

    def __init__(self, pool: PostgresPool, on_event: Callable[[], None] = lambda: None) -> None:
        self._pool = pool
        self._on_event = on_event

    async def add(self, user: User, event: AuditEvent) -> None:
        values = (user.user_id, user.email, user.name, user.role, user.password_hash)

        async def work(c: Cursor) -> None:
            await c.execute(user_sql.ADD, (*values, user.password_version, user.created_at))
            await c.execute(INSERT, event_row(event))

        try:
            await in_transaction(self._pool, work)
        except psycopg.errors.UniqueViolation as exc:
            if exc.diag.constraint_name != user_sql.EMAIL_INDEX:
                raise
            raise EmailTakenError from exc

    async def get(self, user_id: str) -> User | None:
        return _user(await fetch_one(self._pool, user_sql.GET, (user_id,)))

    async def get_of_session(self, user_id: str, session_id: str) -> User | None:
        return _user(await fetch_one(self._pool, user_sql.GET_OF_SESSION, (user_id, session_id)))

    async def get_by_email(self, email: str) -> User | None:
        return _user(await fetch_one(self._pool, user_sql.GET_BY_EMAIL, (email,)))

    async def record_login(self, user: User, event: AuditEvent) -> bool:
        parameters = (*event_row(event), user.user_id, user.password_version)
        return await fetch_one(self._pool, INSERT_IF_ACCOUNT_UNCHANGED, parameters) is not None

    async def change_password(self, user: User, password_hash: str, event: AuditEvent) -> User | None:
        async def work(c: Cursor) -> User | None:
            await c.execute(user_sql.CHANGE_PASSWORD, (password_hash, user.user_id, user.password_version))
            changed = _user(await c.fetchone())
            if changed is not None:
                await c.execute(INSERT, event_row(event))
            return changed

        return await in_transaction(self._pool, work)

    async def rehash_password(self, user: User, password_hash: str) -> None:
        await fetch_one(self._pool, user_sql.REHASH, (password_hash, user.user_id, user.password_version))

    async def page(self, filters: UserFilters, behind: UserPosition | None, limit: int) -> Sequence[User]:
        statement, parameters = user_sql.page_statement(filters), user_sql.page_parameters(filters, behind, limit)
        return [user_of(row) for row in await fetch_all(self._pool, statement, parameters)]

    async def change_role(self, user_id: str, role: Role, event: AuditEvent) -> RoleChange:
        async def work(c: Cursor) -> RoleChange:
            await administrators.lock(c)
            if event.actor is not None and not await administrators.is_admin(c, event.actor):
                raise AccessDeniedError
            await c.execute(user_sql.GET_FOR_UPDATE, (user_id,))
            user = _user(await c.fetchone())
            if user is None:
                raise UserNotFoundError
            if user.role is role:
                return RoleChange(user, is_made=False)
            if user.is_admin:
                await administrators.require_another(c, user_id)
            await c.execute(user_sql.CHANGE_ROLE, (role, user_id))
            await c.execute(INSERT, event_row(event.with_detail(**{"from": user.role.value, "to": role.value})))
            changed = replace(user, role=role, password_version=user.password_version + 1)
            return RoleChange(changed, is_made=True)

        return await in_transaction(self._pool, work)

    async def remove(self, deletion: UserDeletion, event: AuditEvent) -> bool:
        async def work(c: Cursor) -> bool:
            if not await _remove(c, deletion.user_id):
                return False
            await c.execute(INSERT, event_row(event))
            await c.execute(outbox_table.INSERT, outbox_row(deletion))
            return True

        removed = await in_transaction(self._pool, work)
        if removed:
            self._on_event()
        return removed


async def _remove(c: Cursor, user_id: str) -> bool:
    """Deletes the account; returns whether it existed.

    Raises:
        LastAdminError: no other account is an administrator's.
    """
    await c.execute(user_sql.REMOVE_ORDINARY, (user_id,))
    if c.rowcount:
        return True
    await administrators.lock(c)
    if await administrators.is_admin(c, user_id):
        await administrators.require_another(c, user_id)
    await c.execute(user_sql.REMOVE, (user_id,))
    return c.rowcount > 0


def user_of(row: TupleRow) -> User:
    """Returns the account of a row of user_sql's columns."""
    user_id, email, name, role, password_hash, password_version, created_at = row
    return User(user_id, email, name, Role(role), password_hash, password_version, created_at)


def _user(row: TupleRow | None) -> User | None:
    return None if row is None else user_of(row)
