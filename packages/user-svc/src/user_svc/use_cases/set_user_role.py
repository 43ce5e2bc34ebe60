"""An administrator, or the operator on the command line, gives an account another role."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import OPERATOR, AuditEvent, AuditKind
from user_svc.domain.errors import AccessDeniedError
from user_svc.domain.ports import Sessions, Users
from user_svc.domain.user import Role, User


@dataclass(frozen=True, slots=True)
class SetUserRole:
    """Sets a role, and ends the sessions that were opened under the former one: their tokens carry it."""

    users: Users
    sessions: Sessions

    async def __call__(self, actor: Actor, user_id: str, role: Role, origin: Origin) -> User:
        """The account with its role, set by an administrator. Setting the role that it has changes nothing.

        AccessDeniedError; UserNotFoundError; LastAdminError. DependencyUnavailableError: the role may be set while
        sessions of the former one still live; the next call ends them.
        """
        if not actor.is_admin:
            raise AccessDeniedError
        return await self._set(user_id, role, AuditEvent(AuditKind.ROLE_CHANGED, actor.user_id, user_id, origin))

    async def by_operator(self, user_id: str, role: Role) -> User:
        """The same from the command line. UserNotFoundError; LastAdminError; DependencyUnavailableError."""
        event = AuditEvent(AuditKind.ROLE_CHANGED, None, user_id, Origin(), {"by": OPERATOR})
        return await self._set(user_id, role, event)

    async def _set(self, user_id: str, role: Role, event: AuditEvent) -> User:
        change = await self.users.change_role(user_id, role, event)
        if change.is_made:
            await self.sessions.end_all(user_id)
        else:
            # An earlier call may have stopped between the two stores. What was opened since then is not outdated.
            await self.sessions.end_outdated(user_id, change.user.password_version)
        return change.user
