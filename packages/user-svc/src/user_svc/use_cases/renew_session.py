"""Renews a session: the gateway holds a client's session key and needs an access token for it."""

from dataclasses import dataclass

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import DependencyUnavailableError, SessionInvalidError, SessionReusedError
from user_svc.domain.ports import AuditTrail, RenewalRecord, Sessions, Users
from user_svc.domain.session import HeldSession, SessionUse
from user_svc.domain.session_key import SessionKey, SessionKeySeal
from user_svc.use_cases.grant import Grant, Grants


@dataclass(frozen=True, slots=True)
class RenewSession:
    """Trades a session key for its successor and a fresh access token.

    Whose session it is, and under which password it was opened, the verified key says; the accounts say whether that
    still holds. The store of sessions can only refuse.
    """

    users: Users
    sessions: Sessions
    seal: SessionKeySeal
    grants: Grants
    trail: AuditTrail
    record: RenewalRecord

    async def __call__(self, session_key: str, origin: Origin) -> Grant:
        """The renewed credentials. SessionInvalidError; SessionReusedError: see Sessions.renew."""
        key = self.seal.open(session_key)
        session = await self._renewed(key, origin)
        # The role may have changed; and the session of a deleted user or an old password, or one that is on record as
        # ended, must not live on, even where ending it failed at the time.
        user = await self.users.of_session(key.user_id, key.session_id)
        if user is None or key.password_version != user.password_version:
            await self.sessions.end(key.session_id, key.user_id)
            raise SessionInvalidError
        if session.rotated and await self._is_due(key.session_id):
            detail = {"session_id": key.session_id, "counter": str(session.key.counter)}
            self.trail.note(AuditEvent(AuditKind.SESSION_RENEWED, user.user_id, user.user_id, origin, detail))
        return self.grants.grant(user, session)

    async def _is_due(self, session_id: str) -> bool:
        try:
            return await self.record.is_due(session_id)
        except DependencyUnavailableError:
            return True  # the session is renewed; rather a row too many than none

    async def _renewed(self, key: SessionKey, origin: Origin) -> HeldSession:
        try:
            return await self.sessions.renew(key, SessionUse(key.counter, origin.address, origin.agent))
        except SessionReusedError as reused:
            detail = {"session_id": reused.session_id, "counter": str(key.counter)}
            self.trail.note(AuditEvent(AuditKind.SESSION_REUSED, None, reused.user_id, origin, detail))
            raise
