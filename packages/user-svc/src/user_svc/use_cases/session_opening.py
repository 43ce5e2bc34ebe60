"""The part that registering and logging in share: a new session, and the end of the one that the client held."""

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
class SessionOpening:
    """Opens sessions and clears away the ones that they replace."""

    sessions: Sessions
    seal: SessionKeySeal
    trail: AuditTrail

    @asynccontextmanager
    async def opened(self, user: User, origin: Origin) -> AsyncIterator[HeldSession]:
        """A new session of the user, ended again if the block fails.

        The session comes before whatever else is written: without its store nothing at all must happen, while a
        session whose key nobody was given harms nobody.
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

    async def retire(self, presented: str | None, origin: Origin) -> None:
        """Ends the session whose key the client presented, if it is genuine: its cookie is about to be replaced."""
        if presented is None:
            return
        try:
            key = self.seal.open(presented)
        except SessionInvalidError:
            return
        if await self.sessions.end(key.session_id, key.user_id):
            detail = {"session_id": key.session_id, "cause": "replaced"}
            self.trail.note(AuditEvent(AuditKind.SESSION_REVOKED, key.user_id, key.user_id, origin, detail))
