"""Access tokens, as far as the domain cares: what they say, not how they are signed."""

from dataclasses import dataclass, field
from datetime import datetime

from user_svc.domain.user import Role


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed access token. expires_in_s: its remaining life, in seconds."""

    text: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class TokenContents:
    """What a genuine, unexpired access token says. key_counter: of the session key that was handed out with it."""

    user_id: str
    role: Role
    session_id: str
    key_counter: int
    issued_at: datetime
    expires_at: datetime
