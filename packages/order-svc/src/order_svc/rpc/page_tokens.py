"""Positions in a list of orders as page tokens: the last order's time (8 bytes, µs since 1970) and id (16 bytes)."""

import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from service_kit.request.page_tokens import PageTokenInvalidError, decode_page_token, encode_page_token

from order_svc.domain.listing import Filters, Position

_LAYOUT = struct.Struct(">q16s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode(position: Position, filters: Filters) -> str:
    """The token of a position: 43 characters."""
    microseconds = (position.created_at - _EPOCH) // _MICROSECOND
    return encode_page_token(_LAYOUT.pack(microseconds, UUID(position.order_id).bytes), _list_name(filters))


def decode(token: str, filters: Filters) -> Position:
    """The position that a token stands for. PageTokenInvalidError: it was not given out for these filters."""
    try:
        microseconds, order_id = _LAYOUT.unpack(decode_page_token(token, _list_name(filters)))
        return Position(_EPOCH + microseconds * _MICROSECOND, str(UUID(bytes=order_id)))
    except (struct.error, OverflowError) as exc:  # the digest can be made up; a size or a year cannot
        raise PageTokenInvalidError from exc


def _list_name(filters: Filters) -> str:
    return f"orders {filters.user_id} {filters.status or '*'}"
