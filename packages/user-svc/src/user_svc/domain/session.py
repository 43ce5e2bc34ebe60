"""Sessions: what a client holds after a login, until it is revoked or lies idle for too long."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from user_svc.domain.session_key import SessionKey

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

    def key_life_s(self, tokens_live_s: float) -> float:
        """How long after its issue a key may still be presented, whatever the store says.

        A key is first presented when the access token that came with it has run out, and a lost answer may have been
        fetched again once after lying idle; so an honest client is never later than this. It bounds how old a copied
        key can be that a store with a rolled-back counter would accept, and how long the end of a session is kept.
        tokens_live_s: how long an access token may be accepted.
        """
        return 2 * self.idle_ttl_s + tokens_live_s


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to open. address, agent: where the user logs in from."""

    session_id: str
    user_id: str
    password_version: int
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A session that was just opened or renewed.

    key: the newest session key. max_age_s: how long that key may lie idle, in seconds, never past the session's end.
    rotated: whether this renewal made a new key; a repetition of a lost or concurrent answer did not.
    """

    key: SessionKey
    max_age_s: int
    rotated: bool

    @property
    def session_id(self) -> str:
        return self.key.session_id

    @property
    def ends_at(self) -> datetime:
        """The session's absolute end."""
        return datetime.fromtimestamp(self.key.ends_at_ms / 1000, UTC)


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A live session as its owner sees it in a list. address, agent: of its last renewal or use."""

    session_id: str
    created_at: datetime
    last_used_at: datetime
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class SessionUse:
    """A use of a session, as its store notes it.

    counter: of the key that the client is known to hold; None: not known. address, agent: where the use came from. An
    empty address is not known, and what was known before stays.
    """

    counter: int | None = None
    address: str = ""
    agent: str = ""
