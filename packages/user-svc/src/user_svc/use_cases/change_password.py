"""Changes a password."""

from dataclasses import dataclass, replace

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import InvalidCredentialsError, PasswordRefusedError
from user_svc.domain.password import PasswordPolicy, normalise
from user_svc.domain.ports import AuditTrail, PasswordHasher, Sessions, Users
from user_svc.domain.user import User
from user_svc.use_cases.grant import Grant, Grants
from user_svc.use_cases.password_attempts import PasswordAttempts
from user_svc.use_cases.session_opening import SessionOpening


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Changes the actor's password, ends all of the actor's sessions and opens a new one.

    The session that the change was asked in ends too: whoever has a copy of its key must not survive the change.
    """

    users: Users
    sessions: Sessions
    hasher: PasswordHasher
    policy: PasswordPolicy
    attempts: PasswordAttempts
    opening: SessionOpening
    grants: Grants
    trail: AuditTrail

    async def __call__(self, actor: Actor, current: str, new: str, origin: Origin) -> Grant:
        """The credentials of the new session.

        PasswordRefusedError: the new one breaks a rule. InvalidCredentialsError: the current one is wrong.
        LoginThrottledError: too many have failed; a stolen token allows no faster guesses than a login.
        """
        user = await self.users.with_id(actor.user_id)
        if user is None:
            raise InvalidCredentialsError  # deleted meanwhile
        new, current = self.policy.admit(new, user.email, user.name), normalise(current)
        if new == current:
            raise PasswordRefusedError("password.unchanged", "must differ from the current one")
        async with self.attempts.attempt(user.email, origin, user.user_id):
            await self._check(user, current, origin)
        detail = {"session_id": actor.session_id}
        event = AuditEvent(AuditKind.PASSWORD_CHANGED, user.user_id, user.user_id, origin, detail)
        new_hash = await self.hasher.hash(new)
        succeeding = replace(user, password_version=user.password_version + 1)
        async with self.opening.opened(succeeding, origin) as session:
            changed = await self.users.change_password(user, new_hash, event)
            if changed is None:
                raise InvalidCredentialsError  # changed meanwhile: what was current is so no more
        # Should this fail half-way, the others still end at their next renewal: their keys have the old version.
        ended = await self.sessions.end_all(user.user_id, but=session.session_id)
        for session_id in ended:
            if session_id != actor.session_id:  # the end of that one is part of the change
                detail = {"session_id": session_id, "cause": "password_changed"}
                self.trail.note(AuditEvent(AuditKind.SESSION_REVOKED, user.user_id, user.user_id, origin, detail))
        return self.grants.grant(changed, session)

    async def _check(self, user: User, current: str, origin: Origin) -> None:
        if not await self.hasher.verify(user.password_hash, current):
            detail = {"cause": "password_change"}
            self.trail.note(AuditEvent(AuditKind.LOGIN_FAILED, user.user_id, user.user_id, origin, detail))
            raise InvalidCredentialsError
