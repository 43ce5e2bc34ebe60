"""Somebody wants an account gone."""

from collections.abc import Callable
from dataclasses import dataclass

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import UserNotFoundError
from user_svc.domain.ports import Sessions, Users
from user_svc.domain.user_deleted import UserDeleted


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """Deletes a user with all sessions: oneself, or anybody for administrators.

    new_id: makes the id of the event that tells other services.
    """

    users: Users
    sessions: Sessions
    new_id: Callable[[], str]

    async def __call__(self, actor: Actor, user_id: str | None, origin: Origin) -> None:
        """Deletes the user; the actor for None.

        UserNotFoundError: no such user, or not the actor's to delete. LastAdminError: the only administrator.
        """
        target = actor.reach(user_id)
        event = AuditEvent(AuditKind.USER_DELETED, actor.user_id, target, origin)
        deleted = UserDeleted(self.new_id(), target, actor.user_id, event.at, origin.request_id)
        removed = await self.users.remove(deleted, event)
        # Even if there was no account any more: an earlier try may have stopped between the two stores.
        await self.sessions.end_all(target)
        if not removed:
            raise UserNotFoundError
