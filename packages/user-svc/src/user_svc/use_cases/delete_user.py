"""Delete an account with all its sessions."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import UserNotFoundError
from user_svc.domain.ports import NewId, Sessions, UserRepository
from user_svc.domain.user import UserDeletion


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """Use case: deletes the actor's account, or for administrators any account.

    new_id: makes the id of the event for other services.
    """

    users: UserRepository
    sessions: Sessions
    new_id: NewId

    async def __call__(self, actor: Actor, user_id: str | None, origin: Origin) -> None:
        """Deletes the user; the actor for None.

        Raises:
            UserNotFoundError: there is no such user, or the actor may not delete it.
            LastAdminError: the user is the only administrator.
        """
        target = actor.resolve(user_id)
        event = AuditEvent(AuditKind.USER_DELETED, actor.user_id, target, origin)
        deletion = UserDeletion(self.new_id(), target, actor.user_id, event.at, origin.request_id)
        removed = await self.users.remove(deletion, event)
        # Also without an account: an earlier attempt may have failed between the two stores.
        await self.sessions.end_all(target)
        if not removed:
            raise UserNotFoundError
