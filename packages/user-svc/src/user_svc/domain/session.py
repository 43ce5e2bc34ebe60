"""Sessions: what somebody holds after logging in, until it is revoked or lies idle for too long."""

import secrets
from dataclasses import dataclass
from datetime import datetime

#: How many sessions a user may have at once; another one pushes the oldest out.
MAX_SESSIONS_OF_USER = 20


def new_session_id() -> str:
    """A session id: 128 bits from the system's CSPRNG, base64url without padding (22 characters)."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """How long sessions live, in seconds: unused, at most, and how long a renewed key's predecessor is still good."""

    idle_ttl_s: float
    absolute_ttl_s: float
    grace_s: float


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to open. address, agent: where the user logged in from."""

    session_id: str
    user_id: str
    password_version: int
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A session as its holder has it, just opened or renewed.

    counter: of the newest session key. max_age_s: how long that key may lie idle, in seconds, never past ends_at.
    ends_at: when the session ends whatever happens. rotated: whether this renewal made a new key; a repetition
    of a lost or concurrent answer did not.
    """

    session_id: str
    user_id: str
    password_version: int
    counter: int
    max_age_s: int
    ends_at: datetime
    rotated: bool


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A live session as its owner sees it in a list. address, agent: at login."""

    session_id: str
    created_at: datetime
    last_used_at: datetime
    address: str
    agent: str
