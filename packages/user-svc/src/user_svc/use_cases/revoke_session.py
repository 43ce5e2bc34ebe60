"""Revoke a session."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import SessionNotFoundError
from user_svc.domain.ports import AuditTrail, Sessions


@dataclass(frozen=True, slots=True)
class RevokeSession:
    """Use case: ends one of the actor's sessions."""

    sessions: Sessions
    trail: AuditTrail

    async def __call__(self, actor: Actor, session_id: str, origin: Origin) -> None:
        """Ends the session.

        Raises:
            SessionNotFoundError: the actor has no such live session, even if another user has.
        """
        if not await self.sessions.end(session_id, actor.user_id):
            raise SessionNotFoundError
        detail = {"session_id": session_id, "cause": "revoked"}
        self.trail.note(AuditEvent(AuditKind.SESSION_REVOKED, actor.user_id, actor.user_id, origin, detail))
