"""On whose behalf something is done, and where the request came from."""

from dataclasses import dataclass

from user_svc.domain.errors import UserNotFoundError


@dataclass(frozen=True, slots=True)
class Actor:
    """An authenticated user, and the session of the access token that proves it."""

    user_id: str
    session_id: str
    is_admin: bool

    def resolve(self, user_id: str | None) -> str:
        """Returns the id of the user that the actor asks about: the actor's own for None.

        Raises:
            UserNotFoundError: another user's id, and the actor is not an administrator. The error is the same whether
                or not that user exists.
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
