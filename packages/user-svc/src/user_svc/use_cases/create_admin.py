"""Whoever runs the service wants an administrator."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.password import PasswordPolicy
from user_svc.domain.ports import PasswordHasher, Users
from user_svc.domain.user import Role, User


@dataclass(frozen=True, slots=True)
class CreateAdmin:
    """Creates an administrator, or makes one of an existing user."""

    users: Users
    hasher: PasswordHasher
    policy: PasswordPolicy
    new_id: Callable[[], str]

    async def promote(self, email: str) -> User | None:
        """The existing user as an administrator; name and password stay. None: no such user."""
        user = await self.users.with_email(email)
        if user is None or user.role is Role.ADMIN:
            return user
        promoted = replace(user, role=Role.ADMIN)
        detail = {"from": user.role.value, "to": promoted.role.value}
        await self.users.change_role(promoted, AuditEvent(AuditKind.ROLE_CHANGED, None, user.user_id, Origin(), detail))
        return promoted

    async def create(self, email: str, name: str, password: str) -> User:
        """A new administrator. PasswordRefusedError; EmailTakenError."""
        user = User(
            user_id=self.new_id(),
            email=email,
            name=name,
            role=Role.ADMIN,
            password_hash=await self.hasher.hash(self.policy.admit(password)),
            password_version=1,
            created_at=datetime.now(UTC),
        )
        detail = {"role": user.role.value}
        await self.users.add(user, AuditEvent(AuditKind.REGISTERED, None, user.user_id, Origin(), detail))
        return user
