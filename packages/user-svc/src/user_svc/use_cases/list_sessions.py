"""Somebody wants to know where they are logged in."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor
from user_svc.domain.ports import Sessions
from user_svc.domain.session import ListedSession


@dataclass(frozen=True, slots=True)
class ListSessions:
    """Lists the actor's live sessions."""

    sessions: Sessions

    async def __call__(self, actor: Actor) -> list[ListedSession]:
        """The sessions, most recently used first."""
        return await self.sessions.of_user(actor.user_id)
