"""Register an account."""

from dataclasses import dataclass
from datetime import UTC, datetime

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.password import PasswordPolicy
from user_svc.domain.ports import NewId, PasswordHasher, UserRepository
from user_svc.domain.user import Role, User
from user_svc.use_cases.credentials import CredentialIssuer, Credentials
from user_svc.use_cases.password_attempts import PasswordAttempts
from user_svc.use_cases.session_opener import SessionOpener


@dataclass(frozen=True, slots=True)
class Register:
    """Use case: creates an account and logs it in."""

    users: UserRepository
    hasher: PasswordHasher
    policy: PasswordPolicy
    attempts: PasswordAttempts
    opener: SessionOpener
    issuer: CredentialIssuer
    new_id: NewId

    async def __call__(
        self, email: str, name: str, password: str, origin: Origin, presented: str | None
    ) -> Credentials:
        """Returns the new account's first credentials.

        Args:
            email: kept as given; unique without regard to case.
            name: the display name.
            password: in any normal form.
            origin: where the request came from.
            presented: the session key that the client sent along, if any; its session is ended.

        Raises:
            PasswordRefusedError: the password breaks a rule.
            EmailTakenError: raised after the hashing, so that a free email takes no longer than a taken one.
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
        async with self.opener.open(user, origin) as session:
            await self.users.add(user, AuditEvent(AuditKind.REGISTERED, user.user_id, user.user_id, origin))
            await self.opener.end_replaced(presented, origin)
        # After the account was added: registering a taken email must not make the client's network familiar to it.
        await self.attempts.record_proof(email, origin)
        return self.issuer.issue(user, session)
