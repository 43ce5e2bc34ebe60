"""Positions in the audit log as page tokens: the last event's time (8 bytes, µs since 1970) and number (8 bytes)."""

import struct

from service_kit.request.page_tokens import PageTokenInvalidError, decode_page_token, encode_page_token

from user_svc.domain.audit_listing import AuditFilters, AuditPosition
from user_svc.rpc.microseconds import from_microseconds, to_microseconds

_LAYOUT = struct.Struct(">qq")


def encode(position: AuditPosition, filters: AuditFilters) -> str:
    """The token of a position: 32 characters."""
    packed = _LAYOUT.pack(to_microseconds(position.at), position.number)
    return encode_page_token(packed, _list_name(filters))


def decode(token: str, filters: AuditFilters) -> AuditPosition:
    """The position that a token stands for. PageTokenInvalidError: it was not given out for these filters."""
    try:
        microseconds, number = _LAYOUT.unpack(decode_page_token(token, _list_name(filters)))
        return AuditPosition(from_microseconds(microseconds), number)
    except (struct.error, OverflowError) as exc:  # the digest can be made up; a size or a year cannot
        raise PageTokenInvalidError from exc


def _list_name(filters: AuditFilters) -> str:
    return f"audit {filters.user_id} {filters.kind} {filters.since} {filters.until}"
