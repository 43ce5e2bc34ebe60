"""The cookie that carries the session key (RFC 6265bis)."""

import re
from collections.abc import Iterable

from gateway.request_headers import every

# The characters of a cookie value (RFC 6265, 4.1.1), and the longest session key of the contract.
_VALUE = re.compile(rb"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,512}")


class SessionCookie:
    """Reads and writes the cookie.

    Args:
        secure: whether it is sent over TLS only. The name's prefix `__Host-` then makes browsers refuse it from a
            sibling domain or for another path.
    """

    def __init__(self, *, secure: bool) -> None:
        self.name = "__Host-session_key" if secure else "session_key"
        self._raw_name = self.name.encode("ascii")
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")

    def read(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """Returns the session key of a request; None without one, or for a value that no session key can have.

        Of several cookies with the name, the first counts: browsers send the one with the longest path first.
        """
        value = self._raw(headers)
        return value.decode("ascii") if value is not None and _VALUE.fullmatch(value) else None

    def is_sent(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Returns whether a request carries the cookie, with any value."""
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
        """Returns the header that sets the cookie to a session key for ``max_age_s`` seconds."""
        return (b"set-cookie", f"{self.name}={session_key}; Max-Age={max_age_s}{self._attributes}".encode("ascii"))

    def clear(self) -> tuple[bytes, bytes]:
        """Returns the header that deletes the cookie."""
        return (b"set-cookie", f"{self.name}=; Max-Age=0{self._attributes}".encode("ascii"))
