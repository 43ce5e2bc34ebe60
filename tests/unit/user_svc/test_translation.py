"""The audit log between the contract's messages and the domain."""

from dataclasses import replace
from datetime import timedelta

import pytest
from grpclib.const import Status
from service_kit.grpc.errors import to_call_error
from shared_contracts.user.v1 import AuditKind as AuditKindMessage
from shared_contracts.user.v1 import ListAuditEventsRequest
from user_svc.domain.audit import AuditKind, UnknownKind, kind_of
from user_svc.domain.audit_listing import AuditEntry, AuditFilters
from user_svc.domain.errors import PeriodEmptyError
from user_svc.rpc.error_table import ERROR_TABLE
from user_svc.rpc.translation import audit_filters, audit_message

from tests.examples.audit_events import ADA, BOB, NOON, happened


@pytest.mark.parametrize("kind", AuditKind)
def test_every_kind_has_the_same_name_in_the_contract(kind: AuditKind) -> None:
    message = audit_message(AuditEntry(1, happened(0, kind))).kind
    assert message.name == kind.name
    assert audit_filters(ListAuditEventsRequest(kind=message)).kind is kind


def test_contract_has_no_kind_that_the_domain_lacks() -> None:
    assert {kind.name for kind in AuditKindMessage} - {"UNSPECIFIED"} == {kind.name for kind in AuditKind}


def test_message_has_every_field_of_the_entry() -> None:
    message = audit_message(AuditEntry(7, happened(1, actor=ADA, subject=BOB, session_id="s")))
    assert (message.event_id, message.actor_id, message.subject_id) == ("7", ADA, BOB)
    assert (message.ip, message.request_id, message.detail) == ("192.0.2.7", "request-1", {"session_id": "s"})
    assert message.at == NOON + timedelta(microseconds=1)


def test_unknown_actor_and_subject_are_not_set() -> None:
    message = audit_message(AuditEntry(1, happened(0, actor=None, subject=None)))
    assert (message.actor_id, message.subject_id) == (None, None)


def test_filters_are_translated() -> None:
    assert audit_filters(ListAuditEventsRequest()) == AuditFilters()
    message = ListAuditEventsRequest(user_id=ADA.upper(), since=NOON, until=NOON + timedelta(days=1))
    assert audit_filters(message) == AuditFilters(ADA, None, NOON, NOON + timedelta(days=1))


def test_empty_period_is_a_violation_of_until() -> None:
    with pytest.raises(PeriodEmptyError) as refused:
        audit_filters(ListAuditEventsRequest(since=NOON, until=NOON))
    error = to_call_error(refused.value, ERROR_TABLE)
    assert (error.status, error.reason) == (Status.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert [(violation.field, violation.rule) for violation in error.violations] == [("until", "period.not_empty")]


def test_kind_of_a_newer_version_is_returned_as_it_is_stored() -> None:
    kind = kind_of("email_changed")
    assert kind == UnknownKind("email_changed")
    message = audit_message(AuditEntry(1, replace(happened(0), kind=kind)))
    assert (message.kind, message.raw_kind) == (AuditKindMessage.UNSPECIFIED, "email_changed")
    assert audit_message(AuditEntry(1, happened(0))).raw_kind == ""


@pytest.mark.parametrize("kind", AuditKind)
def test_every_stored_kind_is_parsed(kind: AuditKind) -> None:
    assert kind_of(kind.value) is kind
