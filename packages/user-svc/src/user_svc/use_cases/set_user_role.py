"""Set the role of an account, for administrators and for the operator on the command line."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import OPERATOR, AuditEvent, AuditKind
from user_svc.domain.errors import AccessDeniedError
from user_svc.domain.ports import Sessions, UserRepository
from user_svc.domain.user import Role, User


@dataclass(frozen=True, slots=True)
class SetUserRole:
    """Use case: sets a role, and ends the sessions of the former one, since their tokens state it."""

    users: UserRepository
    sessions: Sessions

    async def __call__(self, actor: Actor, user_id: str, role: Role, origin: Origin) -> User:
        """Returns the account with its role. Setting the role that it has changes nothing.

        Raises:
            AccessDeniedError: the actor is not an administrator.
            UserNotFoundError: there is no such account.
            LastAdminError: the account is the only administrator's.
            DependencyUnavailableError: the role may be set while sessions of the former one still live; the next call
                ends them.
        """
        if not actor.is_admin:
            raise AccessDeniedError
        return await self._set(user_id, role, AuditEvent(AuditKind.ROLE_CHANGED, actor.user_id, user_id, origin))

    async def by_operator(self, user_id: str, role: Role) -> User:
        """Does the same from the command line, without an actor."""
        event = AuditEvent(AuditKind.ROLE_CHANGED, None, user_id, Origin(), {"by": OPERATOR})
        return await self._set(user_id, role, event)

    async def _set(self, user_id: str, role: Role, event: AuditEvent) -> User:
        change = await self.users.change_role(user_id, role, event)
        if change.is_made:
            await self.sessions.end_all(user_id)
        else:
            # An earlier call may have failed between the two stores. Sessions opened since then are not outdated.
            await self.sessions.end_outdated(user_id, change.user.password_version)
        return change.user
