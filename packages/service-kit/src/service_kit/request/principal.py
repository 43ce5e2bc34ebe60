"""The authenticated caller of a request."""

from dataclasses import dataclass

#: The role with all rights (the `role` claim of an access token).
ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a verified access token.

    user_id, session_id, token_id: the claims `sub`, `sid` and `jti`.
    role: the claim `role`, "user" or "admin".
    key_counter: the claim `skc`, the counter of the session key that was issued with this token.
    issued_at, expires_at: the claims `iat` and `exp`, in Unix seconds.
    """

    user_id: str
    role: str
    session_id: str
    token_id: str
    key_counter: int
    issued_at: int
    expires_at: int

    @property
    def is_admin(self) -> bool:
        return self.role == ADMIN
