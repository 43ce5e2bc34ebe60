"""Accounts, the audit log and passwords in memory, for tests of the user service."""

from dataclasses import replace

from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import EmailTakenError, PasswordQueueFullError, UserNotFoundError
from user_svc.domain.user import User
from user_svc.domain.user_deleted import UserDeleted


class InMemoryUsers:
    """events: the audit events that came with changes, oldest first. announced: what others learn of."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.announced: list[UserDeleted] = []
        self._users: dict[str, User] = {}

    async def add(self, user: User, event: AuditEvent) -> None:
        if await self.with_email(user.email) is not None:
            raise EmailTakenError
        self._users[user.user_id] = user
        self.events.append(event)

    async def with_id(self, user_id: str) -> User | None:
        return self._users.get(user_id)

    async def with_email(self, email: str) -> User | None:
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

    async def change_role(self, user: User, event: AuditEvent) -> None:
        if user.user_id not in self._users:
            raise UserNotFoundError
        self._users[user.user_id] = replace(self._users[user.user_id], role=user.role)
        self.events.append(event)

    async def remove(self, deleted: UserDeleted, event: AuditEvent) -> bool:
        if self._users.pop(deleted.user_id, None) is None:
            return False
        self.events.append(event)
        self.announced.append(deleted)
        return True

    def _stands(self, user: User) -> bool:
        kept = self._users.get(user.user_id)
        return kept is not None and kept.password_version == user.password_version


class RecordedTrail:
    """events: what was noted, oldest first."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def note(self, event: AuditEvent) -> None:
        self.events.append(event)

    def kinds(self) -> list[AuditKind]:
        """What happened, oldest first."""
        return [event.kind for event in self.events]


class ReadablePasswords:
    """A hasher that hashes nothing. cost: stands for the parameters. hashed: how many hashes were asked for.

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
