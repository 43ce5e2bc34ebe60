"""Accounts, the audit log and passwords in memory, for tests of the user service."""

from collections.abc import Sequence
from dataclasses import replace

from user_svc.domain.audit import AuditEvent, AuditKind, UnknownKind
from user_svc.domain.errors import (
    AccessDeniedError,
    EmailTakenError,
    LastAdminError,
    PasswordQueueFullError,
    UserNotFoundError,
)
from user_svc.domain.user import Role, RoleChange, User, UserDeletion
from user_svc.domain.user_listing import UserFilters, UserPosition


class InMemoryUserRepository:
    """The port UserRepository.

    events: the audit events of changes, oldest first. announced: the events for other services. ended_sessions: the ids
    of sessions on record as ended.
    """

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.announced: list[UserDeletion] = []
        self.ended_sessions: set[str] = set()
        self._users: dict[str, User] = {}

    def clear(self) -> None:
        """Removes every account."""
        self._users.clear()

    async def add(self, user: User, event: AuditEvent) -> None:
        if await self.get_by_email(user.email) is not None:
            raise EmailTakenError
        self._users[user.user_id] = user
        self.events.append(event)

    async def get(self, user_id: str) -> User | None:
        return self._users.get(user_id)

    async def get_of_session(self, user_id: str, session_id: str) -> User | None:
        return None if session_id in self.ended_sessions else self._users.get(user_id)

    async def get_by_email(self, email: str) -> User | None:
        return next((user for user in self._users.values() if user.email.lower() == email.lower()), None)

    async def record_login(self, user: User, event: AuditEvent) -> bool:
        if not self._stands(user):
            return False
        self.events.append(event)
        return True

    async def change_password(self, user: User, password_hash: str, event: AuditEvent) -> User | None:
        if not self._stands(user):
            return None
        kept = self._users[user.user_id]
        changed = replace(kept, password_hash=password_hash, password_version=kept.password_version + 1)
        self._users[user.user_id] = changed
        self.events.append(event)
        return changed

    async def rehash_password(self, user: User, password_hash: str) -> None:
        if self._stands(user):
            self._users[user.user_id] = replace(self._users[user.user_id], password_hash=password_hash)

    async def page(self, filters: UserFilters, behind: UserPosition | None, limit: int) -> Sequence[User]:
        wanted = [user for user in self._users.values() if _matches(user, filters) and _is_behind(user, behind)]
        return sorted(wanted, key=_order, reverse=True)[:limit]

    async def change_role(self, user_id: str, role: Role, event: AuditEvent) -> RoleChange:
        if event.actor is not None and event.actor not in self._admins():
            raise AccessDeniedError
        user = self._users.get(user_id)
        if user is None:
            raise UserNotFoundError
        if user.role is role:
            return RoleChange(user, is_made=False)
        self._require_another_admin(user_id)
        changed = replace(user, role=role, password_version=user.password_version + 1)
        self._users[user_id] = changed
        self.events.append(event.with_detail(**{"from": user.role.value, "to": role.value}))
        return RoleChange(changed, is_made=True)

    async def remove(self, deletion: UserDeletion, event: AuditEvent) -> bool:
        if deletion.user_id not in self._users:
            return False
        self._require_another_admin(deletion.user_id)
        del self._users[deletion.user_id]
        self.events.append(event)
        self.announced.append(deletion)
        return True

    def _admins(self) -> set[str]:
        return {user.user_id for user in self._users.values() if user.role is Role.ADMIN}

    def _require_another_admin(self, user_id: str) -> None:
        if self._admins() == {user_id}:
            raise LastAdminError

    def _stands(self, user: User) -> bool:
        kept = self._users.get(user.user_id)
        return kept is not None and kept.password_version == user.password_version


def _matches(user: User, filters: UserFilters) -> bool:
    return (
        (filters.role is None or filters.role is user.role)
        and (filters.email is None or filters.email.lower() == user.email.lower())
        and (filters.since is None or filters.since <= user.created_at)
        and (filters.until is None or user.created_at < filters.until)
    )


def _order(user: User) -> tuple[object, str]:
    return user.created_at, user.user_id


def _is_behind(user: User, position: UserPosition | None) -> bool:
    return position is None or (user.created_at, user.user_id) < (position.created_at, position.user_id)


class RecordedTrail:
    """The port AuditTrail. events: what was noted, oldest first."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def note(self, event: AuditEvent) -> None:
        self.events.append(event)

    def kinds(self) -> list[AuditKind | UnknownKind]:
        """Returns the kinds of the events, oldest first."""
        return [event.kind for event in self.events]


class ReadablePasswords:
    """The port PasswordHasher, in plain text. cost: stands for the parameters. hashed: how many hashes were computed.

    full: refuse all work, as a full queue does.
    """

    def __init__(self, cost: int = 1) -> None:
        self.cost = cost
        self.hashed = 0
        self.full = False

    async def hash(self, password: str) -> str:
        self._work()
        return f"{self.cost}${password}"

    async def verify(self, password_hash: str | None, password: str) -> bool:
        self._work()
        return password_hash is not None and password_hash.partition("$")[2] == password

    def is_outdated(self, password_hash: str) -> bool:
        return int(password_hash.partition("$")[0]) < self.cost

    def _work(self) -> None:
        if self.full:
            raise PasswordQueueFullError(2)
        self.hashed += 1
