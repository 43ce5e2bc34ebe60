"""The repositories of accounts under test: the fake in memory, and PostgreSQL."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service_kit.postgres import PostgresPool
from user_svc.adapters.user_repository import PostgresUserRepository
from user_svc.domain.audit import AuditEvent, AuditKind, UnknownKind
from user_svc.domain.ports import UserRepository
from user_svc.domain.user import User

from tests.examples.users import a_user, an_event
from tests.fakes.users import InMemoryUserRepository
from tests.running.user_database import audit_log, outbox


@dataclass(frozen=True)
class Store:
    """A repository, and access to what it has written besides the accounts.

    events_of: the user's audit events, oldest first. published_of: the ids of the user's events for other services.
    empty: removes every account, the last administrator too.
    """

    users: UserRepository
    events_of: Callable[[User], Awaitable[list[AuditEvent]]]
    published_of: Callable[[User], Awaitable[list[str]]]
    empty: Callable[[], Awaitable[None]]

    async def added(self, **changes: object) -> User:
        """Adds an account."""
        user = a_user(**changes)
        await self.users.add(user, an_event(AuditKind.REGISTERED, user))
        return user

    async def kinds_of(self, user: User) -> list[AuditKind | UnknownKind]:
        """Returns the kinds of the user's audit events, oldest first."""
        return [event.kind for event in await self.events_of(user)]


def in_memory() -> Store:
    """Returns the fake."""
    fake = InMemoryUserRepository()

    async def noted(user: User) -> list[AuditEvent]:
        return [event for event in fake.events if event.subject == user.user_id]

    async def announced(user: User) -> list[str]:
        return [each.event_id for each in fake.announced if each.user_id == user.user_id]

    async def empty() -> None:
        fake.clear()

    return Store(fake, noted, announced, empty)


def in_postgres(pool: PostgresPool) -> Store:
    """Returns the real one."""

    async def written(user: User) -> list[AuditEvent]:
        return await audit_log(pool, user.user_id)

    async def in_outbox(user: User) -> list[str]:
        return [event.event_id for event in await outbox(pool) if user.user_id.encode() in event.payload]

    async def empty() -> None:
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM users")

    return Store(PostgresUserRepository(pool), written, in_outbox, empty)
