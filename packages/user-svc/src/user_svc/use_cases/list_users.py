"""An administrator looks for accounts."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor
from user_svc.domain.errors import AccessDeniedError
from user_svc.domain.ports import Users
from user_svc.domain.user_listing import UserFilters, UserPage, UserPosition


@dataclass(frozen=True, slots=True)
class ListUsers:
    """Lists accounts, for administrators."""

    users: Users

    async def __call__(self, actor: Actor, filters: UserFilters, behind: UserPosition | None, size: int) -> UserPage:
        """A page of at most ``size`` accounts. AccessDeniedError: the actor is no administrator."""
        if not actor.is_admin:
            raise AccessDeniedError
        # One more than asked for tells whether this page is the last one, without a second query.
        users = tuple(await self.users.page(filters, behind, size + 1))
        if len(users) <= size:
            return UserPage(users, next=None)
        return UserPage(users[:size], next=UserPosition.behind(users[size - 1]))
