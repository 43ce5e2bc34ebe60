"""Sessions: what a login starts, and what lasts until it is revoked or idle for too long."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from user_svc.domain.session_key import SessionKey

#: How many live sessions a user may have; opening another one ends the oldest.
MAX_SESSIONS_OF_USER = 20


def new_session_id() -> str:
    """Returns a session id: 128 bits from the system's CSPRNG, base64url without padding (22 characters)."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """How long sessions live, in seconds.

    idle_ttl_s: without use. absolute_ttl_s: however much used. grace_s: how long after a renewal the former key is
    still answered, although the new one is in use.
    """

    idle_ttl_s: float
    absolute_ttl_s: float
    grace_s: float

    def key_lifetime_s(self, tokens_live_s: float) -> float:
        """Returns how long after its issue a key may still be presented, even if the store would accept it later.

        A client first presents a key when the access token that came with it has expired, and may then retry once after
        being idle if the response was lost. So an honest client is never later than this. It bounds how old a copied
        key can be that a store with a rolled-back counter would accept, and how long ended sessions are kept on record.

        Args:
            tokens_live_s: how long an access token may be accepted, in seconds.
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
    rotated: whether this renewal made a new key; the retry of a lost or concurrent renewal did not.
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
    """A use of a session.

    counter: of the key that the client is known to hold; None: not known. address, agent: where the use came from; an
    empty address is unknown, and leaves the last known one in place.
    """

    counter: int | None = None
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class EndedSession:
    """A session that was ended ``age_s`` seconds ago, before its time."""

    session_id: str
    age_s: float


@dataclass(frozen=True, slots=True)
class EndedSessionPage:
    """Ended sessions, the longest ago first. until: where the next page begins. more: whether it has any now."""

    ended: Sequence[EndedSession]
    until: datetime
    more: bool
