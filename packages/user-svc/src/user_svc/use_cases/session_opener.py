"""What registering, logging in and changing a password share: opening a session, and ending the one it replaces."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import DependencyUnavailableError, SessionInvalidError
from user_svc.domain.ports import AuditTrail, Sessions
from user_svc.domain.session import HeldSession, NewSession, new_session_id
from user_svc.domain.session_key import SessionKeySeal
from user_svc.domain.user import User


@dataclass(frozen=True, slots=True)
class SessionOpener:
    """Opens sessions and ends the ones that they replace."""

    sessions: Sessions
    seal: SessionKeySeal
    trail: AuditTrail

    @asynccontextmanager
    async def open(self, user: User, origin: Origin) -> AsyncIterator[HeldSession]:
        """Opens a session of the user for the block, and ends it again if the block fails.

        The session is opened before anything is written to PostgreSQL: without the store of sessions nothing must be
        written, whereas a session whose key was not handed out is harmless.
        """
        session = await self.sessions.open(
            NewSession(new_session_id(), user.user_id, user.password_version, origin.address, origin.agent)
        )
        try:
            yield session
        except BaseException:
            with suppress(DependencyUnavailableError):
                await self.sessions.end(session.session_id, user.user_id)
            raise

    async def end_replaced(self, presented: str | None, origin: Origin) -> None:
        """Ends the session whose key the client presented, if the key is genuine: the client's cookie is replaced."""
        if presented is None:
            return
        try:
            key = self.seal.open(presented)
        except SessionInvalidError:
            return
        if await self.sessions.end(key.session_id, key.user_id):
            detail = {"session_id": key.session_id, "cause": "replaced"}
            self.trail.note(AuditEvent(AuditKind.SESSION_REVOKED, key.user_id, key.user_id, origin, detail))
