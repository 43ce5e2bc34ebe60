"""Page tokens of the audit log."""

import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_kit.request.page_tokens import PageTokenInvalidError, encode_page_token
from user_svc.domain.audit import AuditKind
from user_svc.domain.audit_listing import AuditFilters, AuditPosition
from user_svc.rpc.page_tokens import decode_audit_position, encode_audit_position

from tests.examples.audit_events import ADA, BOB, NOON

FILTERS = AuditFilters(ADA, AuditKind.LOGIN_FAILED, NOON, NOON + timedelta(days=1))
LIST = f"audit {ADA} login_failed {FILTERS.since} {FILTERS.until}"
_moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(_moments, st.integers(1, 2**63 - 1))
def test_token_decodes_to_its_position(moment: datetime, number: int) -> None:
    token = encode_audit_position(AuditPosition(moment, number), FILTERS)
    assert decode_audit_position(token, FILTERS) == AuditPosition(moment, number)
    assert len(token) == 32


@pytest.mark.parametrize(
    "other",
    [
        AuditFilters(),
        replace(FILTERS, user_id=BOB),
        replace(FILTERS, kind=AuditKind.REGISTERED),
        replace(FILTERS, since=None),
        replace(FILTERS, until=NOON + timedelta(days=2)),
    ],
)
def test_token_of_another_list_is_refused(other: AuditFilters) -> None:
    with pytest.raises(PageTokenInvalidError):
        decode_audit_position(encode_audit_position(AuditPosition(NOON, 1), FILTERS), other)


@pytest.mark.parametrize(
    "position", [b"", b"p" * 15, b"p" * 17, struct.pack(">qq", 2**62, 1), struct.pack(">qq", -(2**63), 1)]
)
def test_made_up_token_with_a_valid_digest_is_refused(position: bytes) -> None:
    assert decode_audit_position(encode_page_token(struct.pack(">qq", 0, 1), LIST), FILTERS).number == 1
    with pytest.raises(PageTokenInvalidError):
        decode_audit_position(encode_page_token(position, LIST), FILTERS)
