"""What a request is for, whichever way it is put (RFC 9112, 3; RFC 9113, 8.3.1)."""

import re

from gateway.server.host import check_hosts
from gateway.server.refusals import malformed, not_implemented

# No user information (RFC 9110, 4.2.4), which exists only to mislead.
_ABSOLUTE = re.compile(rb"https?://(?P<authority>[^/?#@]+)(?P<path>(?:[/?][^#]*)?)", re.IGNORECASE)
_VISIBLE = re.compile(rb"[\x21-\x7e]+")
# Methods are case-sensitive (RFC 9110, 9.1), and those that anybody knows are in upper case.
_METHOD = re.compile(rb"[A-Z-]+")

Headers = list[tuple[bytes, bytes]]


def origin_form(method: bytes, target: bytes, headers: Headers) -> tuple[bytes, Headers]:
    """Path and query, and the header fields with the host that counts. Refusal: the target names nothing here.

    A target in absolute form says which host is meant, whatever `Host` says (3.2.2).
    """
    if target.startswith(b"/"):
        return target, headers
    if target == b"*" and method == b"OPTIONS":
        return target, headers
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise malformed("The request target is neither a path nor a URL.")
    check_hosts([match["authority"]])
    others = [pair for pair in headers if pair[0] != b"host"]
    path: bytes = match["path"]
    return path if path.startswith(b"/") else b"/" + path, [(b"host", match["authority"]), *others]


def check_path(method: bytes, path: bytes) -> None:
    """Refusal: ``path``, as HTTP/2 has it (RFC 9113, 8.3.1), is none."""
    if not path.startswith(b"/") and not (path == b"*" and method == b"OPTIONS"):
        raise malformed("The path does not begin with a slash.")
    if _VISIBLE.fullmatch(path) is None:
        raise malformed("The path has other characters than visible ASCII.")


def check_method(method: bytes) -> None:
    """Refusal: ``method`` asks for something else than a representation of what is here."""
    if method == b"CONNECT":
        raise not_implemented("This is no proxy.")
    if _METHOD.fullmatch(method) is None:
        raise not_implemented("There is no such method.")
