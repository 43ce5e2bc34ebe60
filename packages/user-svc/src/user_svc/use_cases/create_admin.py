"""Create an administrator's account, for the operator on the command line."""

from dataclasses import dataclass
from datetime import UTC, datetime

from user_svc.domain.actor import Origin
from user_svc.domain.audit import OPERATOR, AuditEvent, AuditKind
from user_svc.domain.password import PasswordPolicy
from user_svc.domain.ports import NewId, PasswordHasher, UserRepository
from user_svc.domain.user import Role, User


@dataclass(frozen=True, slots=True)
class CreateAdmin:
    """Use case: creates an administrator.

    An existing account is never promoted by its email: registering does not prove who owns the address, so the account
    may be a stranger's, with a password that the stranger chose.
    """

    users: UserRepository
    hasher: PasswordHasher
    policy: PasswordPolicy
    new_id: NewId

    async def __call__(self, email: str, name: str, password: str) -> User:
        """Returns the new administrator.

        Raises:
            PasswordRefusedError: the password breaks a rule.
            EmailTakenError: an account with this email exists.
        """
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
