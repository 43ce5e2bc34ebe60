"""Log in with an email and a password."""

from dataclasses import dataclass

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import InvalidCredentialsError
from user_svc.domain.password import normalise
from user_svc.domain.ports import AuditTrail, PasswordHasher, UserRepository
from user_svc.domain.user import User
from user_svc.use_cases.credentials import CredentialIssuer, Credentials
from user_svc.use_cases.password_attempts import PasswordAttempts
from user_svc.use_cases.session_opener import SessionOpener


@dataclass(frozen=True, slots=True)
class LogIn:
    """Use case: trades an email and a password for a new session."""

    users: UserRepository
    hasher: PasswordHasher
    attempts: PasswordAttempts
    opener: SessionOpener
    issuer: CredentialIssuer
    trail: AuditTrail

    async def __call__(self, email: str, password: str, origin: Origin, presented: str | None) -> Credentials:
        """Returns the credentials of a new session.

        Args:
            email: in any case.
            password: in any normal form.
            origin: where the request came from.
            presented: the session key that the client sent along, if any; its session is ended.

        Raises:
            InvalidCredentialsError: an unknown email or a wrong password; both take the same work.
            LoginThrottledError: too many attempts have failed for this email, known or not, or from this network. It is
                raised before any work.
        """
        password = normalise(password)
        async with self.attempts.attempt(email, origin):
            user = await self._verified_user(email, password, origin)
        await self._rehash_if_outdated(user, password)
        async with self.opener.open(user, origin) as session:
            event = AuditEvent(
                AuditKind.LOGGED_IN, user.user_id, user.user_id, origin, {"session_id": session.session_id}
            )
            if not await self.users.record_login(user, event):
                raise InvalidCredentialsError  # the password was changed while the old one was being verified
            await self.opener.end_replaced(presented, origin)
        return self.issuer.issue(user, session)

    async def _verified_user(self, email: str, password: str, origin: Origin) -> User:
        user = await self.users.get_by_email(email)
        is_right = await self.hasher.verify(user.password_hash if user else None, password)
        if user is None or not is_right:
            self.trail.note(AuditEvent(AuditKind.LOGIN_FAILED, None, user.user_id if user else None, origin))
            raise InvalidCredentialsError
        return user

    async def _rehash_if_outdated(self, user: User, password: str) -> None:
        """Hashes the password again if the parameters have risen: the password is known only during a login."""
        if self.hasher.is_outdated(user.password_hash):
            await self.users.rehash_password(user, await self.hasher.hash(password))
