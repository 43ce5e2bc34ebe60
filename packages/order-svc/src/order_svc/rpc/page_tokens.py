"""Page tokens of the list of orders: the last order's creation time (8 bytes, µs since 1970) and id (16 bytes)."""

import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from service_kit.request.page_tokens import PageTokenInvalidError, decode_page_token, encode_page_token

from order_svc.domain.order_listing import OrderFilters, OrderPosition

_LAYOUT = struct.Struct(">q16s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode(position: OrderPosition, filters: OrderFilters) -> str:
    """Returns the token of a position: 43 characters, bound to the filters."""
    microseconds = (position.created_at - _EPOCH) // _MICROSECOND
    return encode_page_token(_LAYOUT.pack(microseconds, UUID(position.order_id).bytes), _list_name(filters))


def decode(token: str, filters: OrderFilters) -> OrderPosition:
    """Returns the position that a token encodes.

    Raises:
        PageTokenInvalidError: the token was not issued for these filters.
    """
    try:
        microseconds, order_id = _LAYOUT.unpack(decode_page_token(token, _list_name(filters)))
        return OrderPosition(_EPOCH + microseconds * _MICROSECOND, str(UUID(bytes=order_id)))
    except (struct.error, OverflowError) as exc:  # the token's digest is not secret, so a client can forge its content
        raise PageTokenInvalidError from exc


def _list_name(filters: OrderFilters) -> str:
    return f"orders {filters.user_id} {filters.status or '*'}"
