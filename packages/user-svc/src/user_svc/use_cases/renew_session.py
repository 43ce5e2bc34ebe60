"""The gateway holds a client's session key and needs an access token for it."""

from dataclasses import dataclass

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import SessionInvalidError, SessionReusedError
from user_svc.domain.ports import AuditTrail, Sessions, Users
from user_svc.domain.session import HeldSession
from user_svc.domain.session_key import SessionKey, SessionKeySeal
from user_svc.use_cases.grant import Grant, Grants


@dataclass(frozen=True, slots=True)
class RenewSession:
    """Trades a session key for its successor and a fresh access token."""

    users: Users
    sessions: Sessions
    seal: SessionKeySeal
    grants: Grants
    trail: AuditTrail

    async def __call__(self, session_key: str, origin: Origin) -> Grant:
        """The renewed credentials. SessionInvalidError; SessionReusedError: see Sessions.renew."""
        session = await self._renewed(self.seal.open(session_key), origin)
        # The role may have changed; and a deleted user or an old password's session must not live on, even
        # where ending it failed at the time.
        user = await self.users.with_id(session.user_id)
        if user is None or user.password_version != session.password_version:
            await self.sessions.end(session.session_id)
            raise SessionInvalidError
        if session.rotated:
            detail = {"session_id": session.session_id, "counter": str(session.counter)}
            self.trail.note(AuditEvent(AuditKind.SESSION_RENEWED, user.user_id, user.user_id, origin, detail))
        return self.grants.grant(user, session)

    async def _renewed(self, key: SessionKey, origin: Origin) -> HeldSession:
        try:
            return await self.sessions.renew(key)
        except SessionReusedError as reused:
            detail = {"session_id": reused.session_id, "counter": str(key.counter)}
            self.trail.note(AuditEvent(AuditKind.SESSION_REUSED, None, reused.user_id, origin, detail))
            raise
