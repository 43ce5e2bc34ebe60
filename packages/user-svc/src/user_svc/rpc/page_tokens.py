"""Positions in the lists of accounts and of audit events as page tokens.

A token packs the time of the last row (8 bytes, µs since 1970) and its id (16 bytes) or number (8 bytes).
"""

import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from service_kit.request.page_tokens import PageTokenInvalidError, decode_page_token, encode_page_token

from user_svc.domain.audit_listing import AuditFilters, AuditPosition
from user_svc.domain.user_listing import UserFilters, UserPosition

_USER_LAYOUT = struct.Struct(">q16s")
_AUDIT_LAYOUT = struct.Struct(">qq")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode_user_position(position: UserPosition, filters: UserFilters) -> str:
    """Returns the token of a position: 43 characters."""
    packed = _USER_LAYOUT.pack(_to_microseconds(position.created_at), UUID(position.user_id).bytes)
    return encode_page_token(packed, _user_list(filters))


def decode_user_position(token: str, filters: UserFilters) -> UserPosition:
    """Returns the position of a token.

    Raises:
        PageTokenInvalidError: the token was not issued for a list with these filters.
    """
    try:
        microseconds, user_id = _USER_LAYOUT.unpack(decode_page_token(token, _user_list(filters)))
        return UserPosition(_from_microseconds(microseconds), str(UUID(bytes=user_id)))
    except (struct.error, OverflowError) as exc:  # the digest is not secret: a client can make up a size or a year
        raise PageTokenInvalidError from exc


def encode_audit_position(position: AuditPosition, filters: AuditFilters) -> str:
    """Returns the token of a position: 32 characters."""
    packed = _AUDIT_LAYOUT.pack(_to_microseconds(position.at), position.number)
    return encode_page_token(packed, _audit_list(filters))


def decode_audit_position(token: str, filters: AuditFilters) -> AuditPosition:
    """Returns the position of a token.

    Raises:
        PageTokenInvalidError: the token was not issued for a list with these filters.
    """
    try:
        microseconds, number = _AUDIT_LAYOUT.unpack(decode_page_token(token, _audit_list(filters)))
        return AuditPosition(_from_microseconds(microseconds), number)
    except (struct.error, OverflowError) as exc:  # the digest is not secret: a client can make up a size or a year
        raise PageTokenInvalidError from exc


def _user_list(filters: UserFilters) -> str:
    email = None if filters.email is None else filters.email.lower()
    return f"users {filters.role} {email} {filters.since} {filters.until}"


def _audit_list(filters: AuditFilters) -> str:
    return f"audit {filters.user_id} {filters.kind} {filters.since} {filters.until}"


def _to_microseconds(time: datetime) -> int:
    """Microseconds since 1970, the precision of the database."""
    return (time - _EPOCH) // _MICROSECOND


def _from_microseconds(microseconds: int) -> datetime:
    """OverflowError: beyond the years 1 to 9999."""
    return _EPOCH + microseconds * _MICROSECOND
