"""Renew a session: the gateway has a client's session key and needs an access token."""

from dataclasses import dataclass

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import DependencyUnavailableError, SessionInvalidError, SessionReusedError
from user_svc.domain.ports import AuditTrail, RenewalRecord, Sessions, UserRepository
from user_svc.domain.session import HeldSession, SessionUse
from user_svc.domain.session_key import SessionKey, SessionKeySeal
from user_svc.use_cases.credentials import CredentialIssuer, Credentials


@dataclass(frozen=True, slots=True)
class RenewSession:
    """Use case: trades a session key for its successor and a fresh access token.

    The verified key states the session's user and password version, and the repository of accounts whether both are
    current. The store of sessions can only refuse.
    """

    users: UserRepository
    sessions: Sessions
    seal: SessionKeySeal
    issuer: CredentialIssuer
    trail: AuditTrail
    record: RenewalRecord

    async def __call__(self, session_key: str, origin: Origin) -> Credentials:
        """Returns the renewed credentials.

        Raises:
            SessionInvalidError: the key is not valid, or its session has ended.
            SessionReusedError: the key was presented after its successor; see Sessions.renew.
        """
        key = self.seal.open(session_key)
        session = await self._renew(key, origin)
        # The role may have changed. A session whose user was deleted, whose password is outdated or that is on record
        # as ended must not live on, even if ending it failed at the time.
        user = await self.users.get_of_session(key.user_id, key.session_id)
        if user is None or key.password_version != user.password_version:
            await self.sessions.end(key.session_id, key.user_id)
            raise SessionInvalidError
        if session.rotated and await self._is_due(key.session_id):
            detail = {"session_id": key.session_id, "counter": str(session.key.counter)}
            self.trail.note(AuditEvent(AuditKind.SESSION_RENEWED, user.user_id, user.user_id, origin, detail))
        return self.issuer.issue(user, session)

    async def _is_due(self, session_id: str) -> bool:
        try:
            return await self.record.is_due(session_id)
        except DependencyUnavailableError:
            return True  # the session is renewed: one event too many is better than none

    async def _renew(self, key: SessionKey, origin: Origin) -> HeldSession:
        try:
            return await self.sessions.renew(key, SessionUse(key.counter, origin.address, origin.agent))
        except SessionReusedError as reused:
            detail = {"session_id": reused.session_id, "counter": str(key.counter)}
            self.trail.note(AuditEvent(AuditKind.SESSION_REUSED, None, reused.user_id, origin, detail))
            raise
