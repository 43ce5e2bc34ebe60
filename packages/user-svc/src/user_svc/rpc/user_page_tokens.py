"""Positions in the list of accounts as page tokens: the last account's time (8 bytes, µs since 1970) and id (16)."""

import struct
from uuid import UUID

from service_kit.request.page_tokens import PageTokenInvalidError, decode_page_token, encode_page_token

from user_svc.domain.user_listing import UserFilters, UserPosition
from user_svc.rpc.microseconds import from_microseconds, to_microseconds

_LAYOUT = struct.Struct(">q16s")


def encode(position: UserPosition, filters: UserFilters) -> str:
    """The token of a position: 43 characters."""
    packed = _LAYOUT.pack(to_microseconds(position.created_at), UUID(position.user_id).bytes)
    return encode_page_token(packed, _list_name(filters))


def decode(token: str, filters: UserFilters) -> UserPosition:
    """The position that a token stands for. PageTokenInvalidError: it was not given out for these filters."""
    try:
        microseconds, user_id = _LAYOUT.unpack(decode_page_token(token, _list_name(filters)))
        return UserPosition(from_microseconds(microseconds), str(UUID(bytes=user_id)))
    except (struct.error, OverflowError) as exc:  # the digest can be made up; a size or a year cannot
        raise PageTokenInvalidError from exc


def _list_name(filters: UserFilters) -> str:
    email = None if filters.email is None else filters.email.lower()
    return f"users {filters.role} {email} {filters.since} {filters.until}"
