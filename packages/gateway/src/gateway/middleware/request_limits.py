"""What no request may exceed before anybody looks at it."""

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.bad_token import is_too_long, token_too_long
from gateway.problems import Problem

# ": " and CRLF, which HTTP/1.1 spends on each field.
_FIELD_OVERHEAD_BYTES = 4


class RequestLimitsMiddleware:
    """Bounds the header fields (431, RFC 6585) and refuses encoded bodies (415), which could grow without bound.

    Where it is the access token that is too long, that is what the client hears (401).

    max_headers: the number of fields. max_header_bytes: their size together, as HTTP/1.1 spells them.
    """

    def __init__(self, app: ASGIApp, max_headers: int, max_header_bytes: int) -> None:
        self.app = app
        self._max_headers = max_headers
        self._max_header_bytes = max_header_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._check(scope["headers"])
        await self.app(scope, receive, send)

    def _check(self, headers: list[tuple[bytes, bytes]]) -> None:
        if len(headers) > self._max_headers:
            raise Problem(431, "HEADERS_TOO_LARGE", f"At most {self._max_headers} header fields are accepted.")
        size = len(headers) * _FIELD_OVERHEAD_BYTES
        encoded = too_long = False
        for name, value in headers:
            size += len(name) + len(value)
            if name == b"content-encoding":
                encoded = True
            elif name == b"authorization":
                too_long |= is_too_long(value)
        if size > self._max_header_bytes:
            if too_long:
                raise token_too_long()
            raise Problem(431, "HEADERS_TOO_LARGE", f"At most {self._max_header_bytes} bytes of headers are accepted.")
        if encoded:
            raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", "A request body must not be content-encoded.")
