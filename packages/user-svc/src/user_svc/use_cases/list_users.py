"""List accounts, newest first."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor
from user_svc.domain.errors import AccessDeniedError
from user_svc.domain.ports import UserRepository
from user_svc.domain.user_listing import UserFilters, UserPage, UserPosition


@dataclass(frozen=True, slots=True)
class ListUsers:
    """Use case: lists one page of the accounts, for administrators."""

    users: UserRepository

    async def __call__(self, actor: Actor, filters: UserFilters, behind: UserPosition | None, size: int) -> UserPage:
        """Returns at most ``size`` accounts behind a position; None: from the newest on.

        Raises:
            AccessDeniedError: the actor is not an administrator.
        """
        if not actor.is_admin:
            raise AccessDeniedError
        # One account more than asked for shows whether this page is the last, without a second query.
        users = tuple(await self.users.page(filters, behind, size + 1))
        if len(users) <= size:
            return UserPage(users, next=None)
        return UserPage(users[:size], next=UserPosition.behind(users[size - 1]))
