"""Show an account."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor
from user_svc.domain.errors import UserNotFoundError
from user_svc.domain.ports import UserRepository
from user_svc.domain.user import User


@dataclass(frozen=True, slots=True)
class GetUser:
    """Use case: shows the actor's account, or to administrators any account."""

    users: UserRepository

    async def __call__(self, actor: Actor, user_id: str | None) -> User:
        """Returns the user; the actor for None.

        Raises:
            UserNotFoundError: there is no such user, or the actor may not see it.
        """
        user = await self.users.get(actor.resolve(user_id))
        if user is None:
            raise UserNotFoundError
        return user
