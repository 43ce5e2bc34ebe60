"""Somebody wants to see a user."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor
from user_svc.domain.errors import UserNotFoundError
from user_svc.domain.ports import Users
from user_svc.domain.user import User


@dataclass(frozen=True, slots=True)
class GetUser:
    """Shows a user: oneself, or anybody for administrators."""

    users: Users

    async def __call__(self, actor: Actor, user_id: str | None) -> User:
        """The user; the actor for None. UserNotFoundError: no such user, or not the actor's to see."""
        user = await self.users.with_id(actor.reach(user_id))
        if user is None:
            raise UserNotFoundError
        return user
