"""The path of a request, split into segments before anything in it is decoded (RFC 3986, sections 2.2 and 3.3)."""

import re
from urllib.parse import unquote_to_bytes

_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DOT_SEGMENTS = frozenset({".", ".."})


class PathError(Exception):
    """The path cannot be decoded; the message says why, for people."""


def split_path(raw_path: bytes) -> tuple[str, ...] | None:
    """Returns the segments of ``raw_path``, each decoded once; an encoded slash is data of its segment.

    Args:
        raw_path: the path as the client sent it, without the query.

    Returns:
        The segments behind the first slash. None, which no route matches, where the path does not begin with a slash
        (`OPTIONS *`), or has a segment `.` or `..`: clients remove those before they send a request (RFC 3986, 5.2.4),
        and a proxy that removes the rest, encoded ones too, applies its rules to another path than this one.

    Raises:
        PathError: a percent sign begins no escape, or the escapes are not UTF-8.
    """
    if not raw_path.startswith(b"/"):
        return None
    text = raw_path[1:].decode("latin-1")
    if _STRAY_PERCENT.search(text):
        raise PathError("The path has a percent sign that begins no escape.")
    segments = text.split("/")
    if "%" in text or not text.isascii():
        segments = [_decoded(segment) for segment in segments]
    return tuple(segments) if _DOT_SEGMENTS.isdisjoint(segments) else None


def _decoded(segment: str) -> str:
    try:
        return unquote_to_bytes(segment.encode("latin-1")).decode()
    except UnicodeDecodeError as exc:
        raise PathError("The path is not percent-encoded UTF-8.") from exc
