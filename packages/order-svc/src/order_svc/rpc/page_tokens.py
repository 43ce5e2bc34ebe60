"""Positions in a list as the opaque page tokens of the contract (https://google.aip.dev/158).

A token is base64url of: the last order's time (8 bytes, microseconds since 1970), its id (16 bytes), and the first 8
bytes of SHA-256 over both and the list's filters. The digest guards no secret, since a position grants nothing: it
tells an honest client that it mixed up its tokens.
"""

import base64
import binascii
import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

from order_svc.domain.errors import BrokenRule, OrderError
from order_svc.domain.listing import Filters, Position

_LAYOUT = struct.Struct(">q16s8s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class PageTokenInvalidError(OrderError):
    """The token is not one that a list with these filters gave out."""

    violations: ClassVar[tuple[BrokenRule, ...]] = (
        BrokenRule("page_token", "page_token.known", "must be the next_page_token of a list with the same filters"),
    )

    def __init__(self) -> None:
        super().__init__("The page token is not one that this list gave out.")


def encode(position: Position, filters: Filters) -> str:
    """The token of a position: 43 characters."""
    microseconds = (position.created_at - _EPOCH) // _MICROSECOND
    order_id = UUID(position.order_id).bytes
    digest = _digest(microseconds, order_id, filters)
    return base64.urlsafe_b64encode(_LAYOUT.pack(microseconds, order_id, digest)).rstrip(b"=").decode()


def decode(token: str, filters: Filters) -> Position:
    """The position that a token stands for. PageTokenInvalidError: it was not given out for these filters."""
    try:
        microseconds, order_id, _ = _LAYOUT.unpack(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        position = Position(_EPOCH + microseconds * _MICROSECOND, str(UUID(bytes=order_id)))
    except (binascii.Error, struct.error, ValueError, OverflowError) as exc:
        raise PageTokenInvalidError from exc
    # Python's base64 skips characters that it does not know: only the one true spelling is ours.
    if encode(position, filters) != token:
        raise PageTokenInvalidError
    return position


def _digest(microseconds: int, order_id: bytes, filters: Filters) -> bytes:
    content = f"{microseconds} {order_id.hex()} {filters.user_id} {filters.status or '*'}"
    return hashlib.sha256(content.encode()).digest()[:8]
