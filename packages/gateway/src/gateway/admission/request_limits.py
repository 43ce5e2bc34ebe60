"""Bounds the target and the header fields of a request."""

from gateway.bad_token import is_too_long, token_too_long
from gateway.exchange import Exchange
from gateway.media_types import unsupported
from gateway.request_limits import RequestLimits

# ": " and CRLF, which HTTP/1.1 spends on each field.
_FIELD_OVERHEAD_BYTES = 4


class RequestLimitsStep:
    """Refuses a target (414) or header fields (431, RFC 6585) that are too large, and encoded bodies (415).

    Encoded bodies could grow without bound when they are decoded. An access token that is too long is a 401.
    """

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits

    async def __call__(self, exchange: Exchange) -> None:
        query = exchange.query
        if len(exchange.raw_path) + (len(query) + 1 if query else 0) > self._limits.max_target_bytes:
            raise self._limits.target_too_long()
        self._check_fields(exchange.http_method, exchange.headers)

    def _check_fields(self, http_method: str, headers: list[tuple[bytes, bytes]]) -> None:
        if len(headers) > self._limits.max_headers:
            raise self._limits.too_many_fields()
        size = len(headers) * _FIELD_OVERHEAD_BYTES
        encoded = too_long = False
        for name, value in headers:
            size += len(name) + len(value)
            if name == b"content-encoding":
                encoded = True
            elif name == b"authorization":
                too_long |= is_too_long(value)
        if size > self._limits.max_header_bytes:
            raise token_too_long() if too_long else self._limits.fields_too_large()
        if encoded:
            raise unsupported(http_method, "A request body must not be content-encoded.")
