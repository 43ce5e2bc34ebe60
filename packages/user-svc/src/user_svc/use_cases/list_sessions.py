"""List the actor's sessions."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor
from user_svc.domain.ports import Sessions
from user_svc.domain.session import ListedSession


@dataclass(frozen=True, slots=True)
class ListSessions:
    """Use case: lists the actor's live sessions."""

    sessions: Sessions

    async def __call__(self, actor: Actor) -> list[ListedSession]:
        """Returns the sessions, most recently used first."""
        return await self.sessions.list_of_user(actor.user_id)
