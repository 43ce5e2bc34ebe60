"""Which header sections of HTTP/2 are malformed (RFC 9113, 8.1.1, 8.2 and 8.3)."""

import re
from collections.abc import Iterable

Fields = Iterable[tuple[bytes, bytes]]

#: A token (RFC 9110, 5.6.2) without upper-case letters (RFC 9113, 8.2.1).
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_BAD_VALUE = re.compile(rb"[\x00\r\n]|\A[ \t]|[ \t]\Z")
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]*")
_PSEUDO = frozenset({b":method", b":scheme", b":authority", b":path"})
#: Connection-specific (RFC 9113, 8.2.2).
_CONNECTION = frozenset({b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"})
#: At most once: recipients may disagree on which of two values counts.
_SINGLE = frozenset({b"host", b"content-length"})


def malformed_request(fields: Fields) -> str | None:
    """Returns why the header section of a request is malformed, for the log; None if it is well-formed.

    Args:
        fields: Names and values as HPACK has them, in their order.
    """
    pseudo: dict[bytes, bytes] = {}
    single: dict[bytes, bytes] = {}
    regular = False
    for name, value in fields:
        if name.startswith(b":"):
            if regular or name in pseudo or name not in _PSEUDO:
                return f"pseudo-header field {name!r} is unknown, repeated, or after a regular field"
            pseudo[name] = value
        else:
            regular = True
            if (reason := _malformed_name(name, value)) is not None:
                return reason
            if name in _SINGLE:
                if name in single:
                    return f"field {name!r} is repeated"
                single[name] = value
        if _BAD_VALUE.search(value) is not None:
            return f"the value of field {name!r} has a character that is not allowed"
    return _malformed_target(pseudo, single.get(b"host"))


def malformed_trailers(fields: Fields) -> str | None:
    """Returns why a trailer section is malformed; None if it is well-formed."""
    for name, value in fields:
        if (reason := _malformed_name(name, value)) is not None:
            return reason
        if _BAD_VALUE.search(value) is not None:
            return f"the value of field {name!r} has a character that is not allowed"
    return None


def _malformed_name(name: bytes, value: bytes) -> str | None:
    if _NAME.fullmatch(name) is None:
        return f"field name {name!r} is not a token in lower case"
    if name in _CONNECTION:
        return f"field {name!r} is connection-specific"
    if name == b"te" and value.lower() != b"trailers":
        return f"field 'te' is {value!r}, not 'trailers'"
    return None


def _malformed_target(pseudo: dict[bytes, bytes], host: bytes | None) -> str | None:
    method, authority = pseudo.get(b":method"), pseudo.get(b":authority")
    if not method:
        return "there is no :method"
    if method == b"CONNECT":
        if not authority or len(pseudo) != 2:
            return "CONNECT has an :authority, and neither :scheme nor :path"
    elif not pseudo.get(b":path"):
        return "there is no :path"
    elif _SCHEME.fullmatch(pseudo.get(b":scheme", b"")) is None:
        return "there is no valid :scheme"
    if host is not None and authority is not None and host.lower() != authority.lower():
        return "'host' differs from :authority"
    return None
