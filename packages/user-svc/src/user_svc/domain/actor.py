"""Who wants something, and where the wish came from."""

from dataclasses import dataclass

from user_svc.domain.errors import UserNotFoundError


@dataclass(frozen=True, slots=True)
class Actor:
    """A user with a live session."""

    user_id: str
    session_id: str
    is_admin: bool

    def reach(self, user_id: str | None) -> str:
        """The id of the user whom the actor means: themselves for None, anybody for administrators.

        UserNotFoundError: somebody else; whether such a user exists is not the actor's to know.
        """
        if user_id is None or user_id == self.user_id:
            return self.user_id
        if not self.is_admin:
            raise UserNotFoundError
        return user_id


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from. address, agent: the client's network address and User-Agent; empty when unknown."""

    address: str = ""
    agent: str = ""
    request_id: str = ""
