"""Log out."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.ports import AuditTrail, Sessions


@dataclass(frozen=True, slots=True)
class LogOut:
    """Use case: ends the actor's current session."""

    sessions: Sessions
    trail: AuditTrail

    async def __call__(self, actor: Actor, origin: Origin) -> None:
        """Ends the session; does nothing if it has ended."""
        if await self.sessions.end(actor.session_id, actor.user_id):
            detail = {"session_id": actor.session_id, "cause": "logout"}
            self.trail.note(AuditEvent(AuditKind.SESSION_REVOKED, actor.user_id, actor.user_id, origin, detail))
