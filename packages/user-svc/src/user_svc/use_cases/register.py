"""Somebody wants an account."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.password import PasswordPolicy
from user_svc.domain.ports import PasswordHasher, Users
from user_svc.domain.user import Role, User
from user_svc.use_cases.grant import Grant, Grants
from user_svc.use_cases.password_attempts import PasswordAttempts
from user_svc.use_cases.session_opening import SessionOpening


@dataclass(frozen=True, slots=True)
class Register:
    """Creates an account and logs it in."""

    users: Users
    hasher: PasswordHasher
    policy: PasswordPolicy
    attempts: PasswordAttempts
    opening: SessionOpening
    grants: Grants
    new_id: Callable[[], str]

    async def __call__(self, email: str, name: str, password: str, origin: Origin, presented: str | None) -> Grant:
        """The new account's first credentials. presented: the session key that the client held, if any.

        PasswordRefusedError. EmailTakenError, only after the hashing: a free email takes no longer than a taken one.
        """
        password_hash = await self.hasher.hash(self.policy.admit(password, email, name))
        user = User(
            user_id=self.new_id(),
            email=email,
            name=name,
            role=Role.USER,
            password_hash=password_hash,
            password_version=1,
            created_at=datetime.now(UTC),
        )
        async with self.opening.opened(user, origin) as session:
            await self.users.add(user, AuditEvent(AuditKind.REGISTERED, user.user_id, user.user_id, origin))
            await self.opening.retire(presented, origin)
        # Not before the account is theirs: nobody becomes familiar by registering an email that is taken.
        await self.attempts.proved(email, origin)
        return self.grants.grant(user, session)
