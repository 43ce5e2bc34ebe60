"""Session keys: everything that a renewal relies on, authenticated by a MAC, so that no store has to be trusted.

A key is `SESSION_ID.COUNTER.REST`. REST is base64url of the other facts and the MAC: HMAC-SHA-256 with the service's
own secret over all of them. A store that leaks its contents leaks no credential, and one that was tampered with cannot
move a key to another user, session, password or end. The successor of a key can be derived again, for every client that
may not have received it.
"""

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from uuid import UUID

from user_svc.domain.errors import SessionInvalidError

#: The owner's id, password version, time of issue and absolute end (both Unix ms).
_FACTS = struct.Struct(">16sIQQ")
#: 22 characters hold 16 bytes, 91 hold 36 bytes of facts and 32 of MAC; Lua counts exactly up to 2^53.
_FORM = re.compile(r"([A-Za-z0-9_-]{22})\.([1-9][0-9]{0,14})\.([A-Za-z0-9_-]{91})")
#: The second form of session keys. The first, with a MAC over id and counter only, is no longer accepted: its owner
#: came from the store.
_CONTEXT = "headrace-session-key-2"


@dataclass(frozen=True, slots=True)
class SessionKey:
    """The facts of a verified session key.

    session_id: 22 characters of base64url (16 bytes). counter: which of the session's keys this is, from 1.
    user_id: the session's owner. password_version: of the owner's password when the session was opened.
    issued_at_ms: when this key was made; ends_at_ms: the session's absolute end (both Unix milliseconds).
    """

    session_id: str
    counter: int
    user_id: str
    password_version: int
    issued_at_ms: int
    ends_at_ms: int


class SessionKeySeal:
    """Makes and verifies session keys, which only a holder of the secret can make.

    secret: at least 32 bytes from a CSPRNG.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "SessionKeySeal(********)"

    def seal(self, key: SessionKey) -> str:
        """Returns the session key as the client keeps it: at most 130 characters."""
        owner = UUID(key.user_id).bytes
        facts = _FACTS.pack(owner, key.password_version, key.issued_at_ms, key.ends_at_ms)
        rest = facts + self._mac(key.session_id, str(key.counter), facts)
        return f"{key.session_id}.{key.counter}.{_encode(rest)}"

    def open(self, text: str) -> SessionKey:
        """Returns the facts of the client's session key.

        Raises:
            SessionInvalidError: the key is malformed, of the first form, or forged.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise SessionInvalidError
        session_id, counter, encoded = match.groups()
        rest = base64.urlsafe_b64decode(encoded + "=")
        facts, mac = rest[: _FACTS.size], rest[_FACTS.size :]
        # The padding bits must be zero, or one key would have several spellings (RFC 4648, section 3.5).
        if not hmac.compare_digest(self._mac(session_id, counter, facts), mac) or _encode(rest) != encoded:
            raise SessionInvalidError
        owner, password_version, issued_at_ms, ends_at_ms = _FACTS.unpack(facts)
        return SessionKey(session_id, int(counter), str(UUID(bytes=owner)), password_version, issued_at_ms, ends_at_ms)

    def _mac(self, session_id: str, counter: str, facts: bytes) -> bytes:
        message = f"{_CONTEXT}|{session_id}|{counter}|".encode() + facts
        return hmac.digest(self._secret, message, hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
