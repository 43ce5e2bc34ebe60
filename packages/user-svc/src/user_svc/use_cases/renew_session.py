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
        key = self.seal.open(session_key)
        session = await self._renewed(key, origin)
        # The role may have changed; and a deleted user or an old password's session must not live on, even
        # where ending it failed at the time.
        user = await self.users.with_id(session.user_id)
        rotated = session.rotated
        if user is not None and session.password_version < user.password_version:
            # Perhaps only because we looked just before the password was changed, in this very session: it is confirmed
            # before the account changes, so a second look tells. Renewing again gives the same key.
            session = await self._renewed(key, origin)
        if user is None or session.password_version < user.password_version:
            await self.sessions.end(session.session_id)
            raise SessionInvalidError
        if rotated:
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
