"""Where a message of HTTP/1 ends (RFC 9112, 6.3): what h11 lets pass, and what it says when it does not."""

from gateway.request_headers import first
from gateway.server.refusals import Refusal, malformed, not_implemented


def check_framing(http_version: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """Refusal: where the body ends is a matter of opinion."""
    if first(headers, b"transfer-encoding") is not None:
        if first(headers, b"content-length") is not None:
            raise malformed("A body has a Content-Length or a Transfer-Encoding, not both.")
        if http_version < b"1.1":
            raise malformed("HTTP/1.0 has no Transfer-Encoding.")


def refusal_of(status: int) -> Refusal:
    """What the status means that h11 wants an error to be answered with."""
    if status == 501:
        return not_implemented("The only Transfer-Encoding is chunked.")
    return malformed("The request is not well-formed.")
