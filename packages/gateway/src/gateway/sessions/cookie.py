"""The cookie that carries the session key (RFC 6265bis)."""

import re
from collections.abc import Iterable

from gateway.request_headers import every

# A cookie value's characters (RFC 6265, 4.1.1), and the contract's longest session key.
_VALUE = re.compile(rb"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,512}")


class SessionCookie:
    """Reads and writes the cookie.

    secure: sent over TLS only. The name's prefix `__Host-` then makes browsers refuse it from a sibling domain or
    for another path.
    """

    def __init__(self, *, secure: bool) -> None:
        self.name = "__Host-session_key" if secure else "session_key"
        self._raw_name = self.name.encode("ascii")
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")

    def read(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The session key that a request carries; None: there is none, or one that no session could have.

        Of several cookies of the name the first counts: browsers send the one with the longest path first.
        """
        value = self._raw(headers)
        return value.decode("ascii") if value is not None and _VALUE.fullmatch(value) else None

    def is_sent(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether a request carries the cookie, valid or not."""
        return self._raw(headers) is not None

    def _raw(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
        # HTTP/2 may spread the cookies over several fields (RFC 9113, 8.2.3).
        for field in every(headers, b"cookie"):
            for pair in field.split(b";"):
                name, _, value = pair.partition(b"=")
                if name.strip() == self._raw_name:
                    return value.strip()
        return None

    def issue(self, session_key: str, max_age_s: int) -> tuple[bytes, bytes]:
        """The header that gives the client a session key for ``max_age_s`` seconds."""
        return (b"set-cookie", f"{self.name}={session_key}; Max-Age={max_age_s}{self._attributes}".encode("ascii"))

    def clear(self) -> tuple[bytes, bytes]:
        """The header that takes the session key away from the client."""
        return (b"set-cookie", f"{self.name}=; Max-Age=0{self._attributes}".encode("ascii"))
