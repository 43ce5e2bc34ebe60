"""Credentials that a client put where they do not belong, kept out of logs and traces.

A session key or an access token in a path, a request id or a user agent is a mistake of the client; with it in a log,
any reader of the log could act as that user.
"""

import re
from urllib.parse import unquote_to_bytes

_MASK = b"********"
#: Text of the base64url alphabet in two or three parts. Each run of it is looked at once, however long it is.
_CANDIDATE = re.compile(rb"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{11,}+(?:\.[A-Za-z0-9_-]++){1,2}")
#: `session_id.counter.mac`, with any text before it.
_SESSION_KEY = re.compile(rb"[A-Za-z0-9_-]{22}\.[0-9]{1,15}\.[A-Za-z0-9_-]{43}")
#: How every compact JWS begins: `{"` in base64url.
_TOKEN_HEAD = b"eyJ"
#: A proxy may have encoded once more what a client had encoded already.
_DECODINGS = 3


def mask_text(text: bytes) -> bytes:
    """Returns ``text`` with what has the form of a session key or an access token replaced."""
    return _CANDIDATE.sub(_masked, text)


def mask_path(raw_path: bytes) -> bytes:
    """Returns a path as it was sent, still percent-encoded; a segment that hides a credential is replaced."""
    if b"%" not in raw_path:
        return mask_text(raw_path)
    return b"/".join(_mask_segment(segment) for segment in raw_path.split(b"/"))


def _mask_segment(segment: bytes) -> bytes:
    decoded = segment
    for _ in range(_DECODINGS):
        if b"%" not in decoded:
            break
        decoded = unquote_to_bytes(decoded)
        if mask_text(decoded) != decoded:
            return _MASK
    return mask_text(segment)


def _masked(candidate: re.Match[bytes]) -> bytes:
    text = candidate[0]
    return _MASK if _TOKEN_HEAD in text or _SESSION_KEY.search(text) else text
