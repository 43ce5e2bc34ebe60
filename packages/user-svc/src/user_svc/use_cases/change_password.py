"""Change a password."""

from dataclasses import dataclass, replace

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import InvalidCredentialsError, PasswordRefusedError
from user_svc.domain.password import PasswordPolicy, normalise
from user_svc.domain.ports import AuditTrail, PasswordHasher, Sessions, UserRepository
from user_svc.domain.user import User
from user_svc.use_cases.credentials import CredentialIssuer, Credentials
from user_svc.use_cases.password_attempts import PasswordAttempts
from user_svc.use_cases.session_opener import SessionOpener

_FIELD = "new_password"


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Use case: changes the actor's password, ends all of the actor's sessions and opens a new one.

    The session of the call ends, too: a copy of its key must not survive the change.
    """

    users: UserRepository
    sessions: Sessions
    hasher: PasswordHasher
    policy: PasswordPolicy
    attempts: PasswordAttempts
    opener: SessionOpener
    issuer: CredentialIssuer
    trail: AuditTrail

    async def __call__(self, actor: Actor, current: str, new: str, origin: Origin) -> Credentials:
        """Returns the credentials of the new session.

        Raises:
            PasswordRefusedError: the new password breaks a rule.
            InvalidCredentialsError: the current password is wrong.
            LoginThrottledError: too many attempts have failed. A stolen token allows no faster guesses than a login.
        """
        user = await self.users.get(actor.user_id)
        if user is None:
            raise InvalidCredentialsError  # deleted since the session was checked
        new, current = self.policy.admit(new, user.email, user.name, field=_FIELD), normalise(current)
        if new == current:
            raise PasswordRefusedError("password.unchanged", "must differ from the current one", _FIELD)
        async with self.attempts.attempt(user.email, origin, user.user_id):
            await self._verify(user, current, origin)
        event = self._event(AuditKind.PASSWORD_CHANGED, user, origin, session_id=actor.session_id)
        new_hash = await self.hasher.hash(new)
        successor = replace(user, password_version=user.password_version + 1)
        async with self.opener.open(successor, origin) as session:
            changed = await self.users.change_password(user, new_hash, event)
            if changed is None:
                raise InvalidCredentialsError  # a concurrent change was faster
        await self._end_others(actor, session.session_id, user, origin)
        return self.issuer.issue(changed, session)

    async def _verify(self, user: User, current: str, origin: Origin) -> None:
        if not await self.hasher.verify(user.password_hash, current):
            self.trail.note(self._event(AuditKind.LOGIN_FAILED, user, origin, cause="password_change"))
            raise InvalidCredentialsError

    async def _end_others(self, actor: Actor, new_id: str, user: User, origin: Origin) -> None:
        # If this fails half-way, the remaining ones end at their next renewal: their keys have the old version.
        for session_id in await self.sessions.end_all(user.user_id, but=new_id):
            if session_id != actor.session_id:  # the event of the change names that one
                detail = {"session_id": session_id, "cause": "password_changed"}
                self.trail.note(self._event(AuditKind.SESSION_REVOKED, user, origin, **detail))

    def _event(self, kind: AuditKind, user: User, origin: Origin, **detail: str) -> AuditEvent:
        return AuditEvent(kind, user.user_id, user.user_id, origin, detail)
