"""Somebody says who they are, and proves it."""

from dataclasses import dataclass

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import InvalidCredentialsError
from user_svc.domain.password import normalise
from user_svc.domain.ports import AuditTrail, PasswordHasher, Users
from user_svc.domain.user import User
from user_svc.use_cases.grant import Grant, Grants
from user_svc.use_cases.password_attempts import PasswordAttempts
from user_svc.use_cases.session_opening import SessionOpening


@dataclass(frozen=True, slots=True)
class LogIn:
    """Trades an email and a password for a new session."""

    users: Users
    hasher: PasswordHasher
    attempts: PasswordAttempts
    opening: SessionOpening
    grants: Grants
    trail: AuditTrail

    async def __call__(self, email: str, password: str, origin: Origin, presented: str | None) -> Grant:
        """A new session's credentials. presented: the session key that the client held, if any.

        InvalidCredentialsError: an unknown email or a wrong password; both take the same work. LoginThrottledError: too
        many have failed, for this email, known or not, or from this address; it comes before any work.
        """
        password = normalise(password)
        async with self.attempts.attempt(email, origin):
            user = await self._who_proves(email, password, origin)
        await self._strengthen(user, password)
        async with self.opening.opened(user, origin) as session:
            event = AuditEvent(
                AuditKind.LOGGED_IN, user.user_id, user.user_id, origin, {"session_id": session.session_id}
            )
            if not await self.users.record_login(user, event):
                raise InvalidCredentialsError  # the password was changed while the old one was being checked
            await self.opening.retire(presented, origin)
        return self.grants.grant(user, session)

    async def _who_proves(self, email: str, password: str, origin: Origin) -> User:
        user = await self.users.with_email(email)
        right = await self.hasher.verify(user.password_hash if user else None, password)
        if user is None or not right:
            self.trail.note(AuditEvent(AuditKind.LOGIN_FAILED, None, user.user_id if user else None, origin))
            raise InvalidCredentialsError
        return user

    async def _strengthen(self, user: User, password: str) -> None:
        """Hashes the password again if the parameters have risen: only a login has the password at hand."""
        if self.hasher.is_outdated(user.password_hash):
            await self.users.rehash_password(user, await self.hasher.hash(password))
