"""The operator makes an administrator's account on the command line."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from user_svc.domain.actor import Origin
from user_svc.domain.audit import OPERATOR, AuditEvent, AuditKind
from user_svc.domain.password import PasswordPolicy
from user_svc.domain.ports import PasswordHasher, Users
from user_svc.domain.user import Role, User


@dataclass(frozen=True, slots=True)
class CreateAdmin:
    """Creates an administrator.

    An account that exists is never made one by its email: registering proves nothing about who owns the address, so
    the account may be a stranger's, with a password that the stranger chose.
    """

    users: Users
    hasher: PasswordHasher
    policy: PasswordPolicy
    new_id: Callable[[], str]

    async def __call__(self, email: str, name: str, password: str) -> User:
        """The new administrator. PasswordRefusedError; EmailTakenError."""
        user = User(
            user_id=self.new_id(),
            email=email,
            name=name,
            role=Role.ADMIN,
            password_hash=await self.hasher.hash(self.policy.admit(password, email, name)),
            password_version=1,
            created_at=datetime.now(UTC),
        )
        detail = {"role": user.role.value, "by": OPERATOR}
        await self.users.add(user, AuditEvent(AuditKind.REGISTERED, None, user.user_id, Origin(), detail))
        return user
