"""Somebody wants another password."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import InvalidCredentialsError
from user_svc.domain.password import PasswordPolicy, normalise
from user_svc.domain.ports import AuditTrail, PasswordHasher, Sessions, Users
from user_svc.domain.user import User
from user_svc.use_cases.password_attempts import PasswordAttempts


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Changes the actor's password and ends the actor's other sessions."""

    users: Users
    sessions: Sessions
    hasher: PasswordHasher
    policy: PasswordPolicy
    attempts: PasswordAttempts
    trail: AuditTrail

    async def __call__(self, actor: Actor, current: str, new: str, origin: Origin) -> None:
        """Changes it.

        PasswordRefusedError: the new one breaks a rule. InvalidCredentialsError: the current one is wrong.
        LoginThrottledError: too many have failed; whoever stole a token may guess no faster than at a login.
        """
        new = self.policy.admit(new)
        user = await self.users.with_id(actor.user_id)
        if user is None:
            raise InvalidCredentialsError  # deleted meanwhile
        async with self.attempts.attempt(user.email, origin, user.user_id):
            await self._check(user, normalise(current), origin)
        event = AuditEvent(AuditKind.PASSWORD_CHANGED, user.user_id, user.user_id, origin)
        new_hash = await self.hasher.hash(new)
        # Before the change: a renewal of this very session at the same moment must not find it left behind.
        await self.sessions.confirm(actor.session_id, user.user_id, user.password_version + 1)
        changed = await self.users.change_password(user, new_hash, event)
        if changed is None:
            raise InvalidCredentialsError  # changed meanwhile: what was current is so no more
        # Should this fail half-way, the others still end at their next renewal: they carry the old password version.
        ended = await self.sessions.end_others(user.user_id, actor.session_id, changed.password_version)
        for session_id in ended:
            detail = {"session_id": session_id, "cause": "password_changed"}
            self.trail.note(AuditEvent(AuditKind.SESSION_REVOKED, user.user_id, user.user_id, origin, detail))

    async def _check(self, user: User, current: str, origin: Origin) -> None:
        if not await self.hasher.verify(user.password_hash, current):
            detail = {"cause": "password_change"}
            self.trail.note(AuditEvent(AuditKind.LOGIN_FAILED, user.user_id, user.user_id, origin, detail))
            raise InvalidCredentialsError
