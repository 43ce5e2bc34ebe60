"""What a request of HTTP/2 asks for: what is well-formed, and still not answered by the application."""

from collections.abc import Iterable

from gateway.request_headers import every, first
from gateway.server.expectation import check_expectations
from gateway.server.host import check_hosts
from gateway.server.refusals import malformed
from gateway.server.request_target import Headers, check_method, check_path

_SCHEMES = frozenset({b"http", b"https"})


def http2_request(fields: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes, Headers]:
    """Returns method, path, and the header fields with `host` for :authority (RFC 9113, 8.3.1).

    Raises:
        Refusal: It asks for something that is not served here.
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
    check_path(method, path)
    if pseudo[b":scheme"].lower() not in _SCHEMES:
        raise malformed("The scheme is neither http nor https.")
    host = pseudo.get(b":authority", first(headers, b"host"))
    if host is None:
        raise malformed("There is neither an :authority nor a Host.")
    check_hosts([host, *every(headers, b"host")])
    check_expectations(headers)
    return method, path, [(b"host", host), *(pair for pair in headers if pair[0] != b"host")]
