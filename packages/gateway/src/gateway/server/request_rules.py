"""Which well-formed requests are accepted: the rules on method, target, host, framing and expectations."""

import re
from collections.abc import Iterable, Sequence
from ipaddress import AddressValueError, IPv6Address

from gateway.problems import Problem
from gateway.request_headers import every, first
from gateway.server.refusals import Refusal, malformed, not_implemented
from gateway.server.telemetry import Cause

Headers = list[tuple[bytes, bytes]]

#: The absolute form (RFC 9112, 3.2.2), without user information, whose only use is to mislead (RFC 9110, 4.2.4).
_ABSOLUTE = re.compile(rb"https?://(?P<authority>[^/?#@]+)(?P<path>(?:[/?][^#]*)?)", re.IGNORECASE)
_SCHEMES = frozenset({b"http", b"https"})
_VISIBLE = re.compile(rb"[\x21-\x7e]+")
#: Methods are case-sensitive (RFC 9110, 9.1), and all registered methods are in upper case.
_METHOD = re.compile(rb"[A-Z-]+")
#: Names as DNS has them, with the underscore of some container networks, and IPv4 addresses. The grammar of RFC 3986
#: allows more (percent-encoding, sub-delimiters), which no name in use has, and which parsers read differently.
_HOST = re.compile(
    rb"(?:(?P<name>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]*))?"
)
#: A name of DNS has at most 255 characters, and a port has five.
_MAX_HOST_BYTES = 255 + 6
_MAX_PORT = 65535
_CONTINUE = b"100-continue"


def check_method(method: bytes) -> None:
    """Raises Refusal if the method is CONNECT, or none that could be registered."""
    if method == b"CONNECT":
        raise not_implemented("This is no proxy.")
    if _METHOD.fullmatch(method) is None:
        raise not_implemented("There is no such method.")


def origin_form(method: bytes, target: bytes, headers: Headers) -> tuple[bytes, Headers]:
    """Returns path and query of an HTTP/1 request, and its header fields with the effective host (RFC 9112, 3.2).

    The host of a target in absolute form takes precedence over `Host` (3.2.2).

    Raises:
        Refusal: The target is in another form.
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


def check_hosts(hosts: Sequence[bytes]) -> None:
    """Checks which host a request names (RFC 9110, 7.2).

    Args:
        hosts: The values of all `Host` fields, and of `:authority` in HTTP/2.

    Raises:
        Refusal: The values differ, or one of them is not a host.
    """
    for host in hosts:
        if not _is_host(host):
            raise malformed("The host is not a name or an address, with or without a port.")
    if len({host.lower() for host in hosts}) > 1:
        raise malformed("A request names one host.")


def check_framing(http_version: bytes, headers: Headers) -> None:
    """Checks what h11 accepts of the fields that say where a body of HTTP/1 ends (RFC 9112, 6.3).

    Raises:
        Refusal: Two recipients may disagree on where it ends.
    """
    if first(headers, b"transfer-encoding") is not None:
        if first(headers, b"content-length") is not None:
            raise malformed("A body has a Content-Length or a Transfer-Encoding, not both.")
        if http_version < b"1.1":
            raise malformed("HTTP/1.0 has no Transfer-Encoding.")


def check_expectations(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raises Refusal if a request expects anything but `100-continue` (RFC 9110, 10.1.1)."""
    for value in every(headers, b"expect"):
        if any(item.strip().lower() not in {_CONTINUE, b""} for item in value.split(b",")):
            detail = "The only expectation that can be met is 100-continue."
            raise Refusal(Cause.EXPECTATION, Problem(417, "EXPECTATION_FAILED", detail))


def http2_request(fields: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes, Headers]:
    """Returns method, path, and header fields of an HTTP/2 request, with `host` for :authority (RFC 9113, 8.3.1).

    Raises:
        Refusal: A rule rejects it.
    """
    pseudo: dict[bytes, bytes] = {}
    headers: Headers = []
    for name, value in fields:
        if name.startswith(b":"):
            pseudo[name] = value
        else:
            headers.append((name, value))
    method = pseudo[b":method"]
    check_method(method)
    path = pseudo[b":path"]
    _check_path(method, path)
    if pseudo[b":scheme"].lower() not in _SCHEMES:
        raise malformed("The scheme is neither http nor https.")
    host = pseudo.get(b":authority", first(headers, b"host"))
    if host is None:
        raise malformed("There is neither an :authority nor a Host.")
    check_hosts([host, *every(headers, b"host")])
    check_expectations(headers)
    return method, path, [(b"host", host), *(pair for pair in headers if pair[0] != b"host")]


def refusal_of(status: int) -> Refusal:
    """Returns the refusal for the status with which h11 wants an error to be answered."""
    if status == 501:
        return not_implemented("The only Transfer-Encoding is chunked.")
    return malformed("The request is not well-formed.")


def _check_path(method: bytes, path: bytes) -> None:
    if not path.startswith(b"/") and not (path == b"*" and method == b"OPTIONS"):
        raise malformed("The path does not begin with a slash.")
    if _VISIBLE.fullmatch(path) is None:
        raise malformed("The path has other characters than visible ASCII.")


def _is_host(text: bytes) -> bool:
    match = _HOST.fullmatch(text) if len(text) <= _MAX_HOST_BYTES else None
    if match is None or (match["port"] and int(match["port"]) > _MAX_PORT):
        return False
    if match["ipv6"] is None:
        return True
    try:
        IPv6Address(match["ipv6"].decode("ascii"))
    except AddressValueError:
        return False
    return True
