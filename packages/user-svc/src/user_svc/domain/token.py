"""Access tokens: what they state, not how they are signed."""

from dataclasses import dataclass, field
from datetime import datetime

from user_svc.domain.user import Role


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed access token. expires_in_s: its remaining lifetime, in seconds."""

    text: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class TokenContents:
    """The claims of a genuine, unexpired access token. key_counter: of the session key that was issued with it."""

    user_id: str
    role: Role
    session_id: str
    key_counter: int
    issued_at: datetime
    expires_at: datetime
