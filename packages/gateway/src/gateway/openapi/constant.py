"""A page that never changes while the process runs: compressed once, and revalidated for nothing."""

import gzip
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from starlette.types import Receive, Scope, Send

from gateway.accept_encoding import accepts_gzip
from gateway.entity_tags import EntityTagError, parse_tags
from gateway.problems import Problem
from gateway.request_headers import every

_Header = tuple[bytes, bytes]

#: What is done once may take its time.
_LEVEL = 9
_DIGEST_CHARACTERS = 16
#: An If-None-Match that is longer is not read: no client has seen so many versions of a page.
_MAX_TAGS_BYTES = 1024


@dataclass(frozen=True, slots=True)
class _Representation:
    """Bytes to send, their entity tag, and the header fields of a 304 and those that a 200 has on top."""

    body: bytes
    tag: bytes
    common: list[_Header]
    headers: list[_Header]


class Constant:
    """Serves the same bytes to GET and HEAD, as they are or compressed with gzip.

    Each representation has an entity tag of its own, which is strong (RFC 9110, 8.8.3.3). `Range` is ignored.

    Args:
        body: what is served.
        media_type: its media type.
        cache_control: how long caches may keep it.
        headers: further header fields, names in lower case.

    Attributes:
        digest: names this version of the page; for the addresses of assets that are kept for long.
    """

    def __init__(self, body: bytes, media_type: str, cache_control: str, headers: tuple[_Header, ...] = ()) -> None:
        self.digest = sha256(body).hexdigest()[:_DIGEST_CHARACTERS]
        self._body, self._media_type, self._further = body, media_type, headers
        self._headers = ((b"content-type", media_type.encode()), *headers)
        compressed = _compressed(body)
        varies = len(compressed) < len(body)
        self._plain = self._representation(body, "", varies=varies)
        self._gzip = self._representation(compressed, "gzip", varies=True) if varies else self._plain
        self._cache_control = (b"cache-control", cache_control.encode())

    def kept(self, cache_control: str) -> "Constant":
        """Returns the same page with another ``cache_control``."""
        return Constant(self._body, self._media_type, cache_control, self._further)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        chosen = self._gzip if accepts_gzip(headers) else self._plain
        if (wanted := every(headers, b"if-match")) and not _names(wanted, chosen.tag, weak=False):
            raise Problem(412, "VERSION_MISMATCH", "The page is another one than If-Match names.")
        if (known := every(headers, b"if-none-match")) and _names(known, chosen.tag, weak=True):
            unchanged = [*chosen.common, self._cache_control]
            await send({"type": "http.response.start", "status": 304, "headers": unchanged})
            await send({"type": "http.response.body", "body": b""})
            return
        fields = [*chosen.common, self._cache_control, *chosen.headers]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": chosen.body})

    def _representation(self, body: bytes, coding: str, *, varies: bool) -> _Representation:
        tag = f'"{self.digest}-{coding}"' if coding else f'"{self.digest}"'
        common = [(b"etag", tag.encode())]
        if varies:
            common.append((b"vary", b"Accept-Encoding"))
        headers = [*self._headers, (b"content-length", b"%d" % len(body))]
        if coding:
            headers.append((b"content-encoding", coding.encode()))
        return _Representation(body, tag.encode(), common, headers)


@lru_cache(maxsize=16)
def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)


def _names(fields: list[bytes], tag: bytes, *, weak: bool) -> bool:
    """Whether a list of entity tags holds one, by weak or by strong comparison (RFC 9110, 8.8.3.2)."""
    if sum(map(len, fields)) > _MAX_TAGS_BYTES:
        return False
    try:
        tags = parse_tags(fields)
    except EntityTagError:
        return False
    return tags is None or any(listed.opaque == tag[1:-1] and (weak or not listed.is_weak) for listed in tags)
