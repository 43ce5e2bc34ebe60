"""Somebody wants another password."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import InvalidCredentialsError
from user_svc.domain.password import PasswordPolicy, normalise
from user_svc.domain.ports import AuditTrail, PasswordHasher, Sessions, Users


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Changes the actor's password and ends the actor's other sessions."""

    users: Users
    sessions: Sessions
    hasher: PasswordHasher
    policy: PasswordPolicy
    trail: AuditTrail

    async def __call__(self, actor: Actor, current: str, new: str, origin: Origin) -> None:
        """Changes it.

        PasswordRefusedError: the new one breaks a rule. InvalidCredentialsError: the current one is wrong.
        """
        new = self.policy.admit(new)
        user = await self.users.with_id(actor.user_id)
        right = await self.hasher.verify(user.password_hash if user else None, normalise(current))
        if user is None or not right:
            raise InvalidCredentialsError
        event = AuditEvent(AuditKind.PASSWORD_CHANGED, user.user_id, user.user_id, origin)
        changed = await self.users.change_password(user, await self.hasher.hash(new), event)
        if changed is None:
            raise InvalidCredentialsError  # changed meanwhile: what was current is so no more
        # Should this fail half-way, the others still end at their next renewal: they carry the old password version.
        ended = await self.sessions.end_others(user.user_id, actor.session_id, changed.password_version)
        for session_id in ended:
            detail = {"session_id": session_id, "cause": "password_changed"}
            self.trail.note(AuditEvent(AuditKind.SESSION_REVOKED, user.user_id, user.user_id, origin, detail))
