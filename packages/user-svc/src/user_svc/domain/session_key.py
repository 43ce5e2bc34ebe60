"""Session keys: `session_id.counter.mac`, verifiable before any store is asked.

The mac is HMAC-SHA-256 under the service's own secret, so a store that leaks ids and counters leaks no credential, and
the successor of a key can be derived again for every client that may have missed it.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from user_svc.domain.errors import SessionInvalidError

#: 22 characters hold 16 bytes, 43 hold the mac's 32; counters stay far below 2^53, which Lua still counts exactly.
_FORM = re.compile(r"([A-Za-z0-9_-]{22})\.([1-9][0-9]{0,14})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class SessionKey:
    """What a verified session key says: the session, and the how manieth of its keys this is, from 1."""

    session_id: str
    counter: int


class SessionKeySeal:
    """Makes session keys that nobody else can make, and recognises them.

    secret: at least 32 bytes from a CSPRNG.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "SessionKeySeal(********)"

    def seal(self, key: SessionKey) -> str:
        """The session key as the client keeps it."""
        return f"{key.session_id}.{key.counter}.{self._mac(key)}"

    def open(self, text: str) -> SessionKey:
        """What the client's session key says. SessionInvalidError: it is malformed or none of ours."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise SessionInvalidError
        key = SessionKey(match[1], int(match[2]))
        if not hmac.compare_digest(self._mac(key), match[3]):
            raise SessionInvalidError
        return key

    def _mac(self, key: SessionKey) -> str:
        message = f"headrace-session-key|{key.session_id}|{key.counter}".encode()
        return base64.urlsafe_b64encode(hmac.digest(self._secret, message, hashlib.sha256)).rstrip(b"=").decode()
