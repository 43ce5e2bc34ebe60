"""Between the contract's messages about the audit log and the domain."""

from shared_contracts.user.v1 import AuditEvent as AuditEventMessage
from shared_contracts.user.v1 import AuditKind as AuditKindMessage
from shared_contracts.user.v1 import ListAuditEventsRequest

from user_svc.domain.audit import AuditKind
from user_svc.domain.audit_listing import AuditEntry, AuditFilters
from user_svc.rpc.translation import period_in_request

_KINDS = {AuditKindMessage[kind.name]: kind for kind in AuditKind}
_KIND_MESSAGES: dict[str, AuditKindMessage] = {kind: message for message, kind in _KINDS.items()}


def audit_filters(message: ListAuditEventsRequest) -> AuditFilters:
    """Which events to list. CallError: none could be between `since` and `until`."""
    with period_in_request():
        return AuditFilters(
            user_id=None if message.user_id is None else message.user_id.lower(),
            kind=None if message.kind is None else _KINDS[message.kind],
            since=message.since,
            until=message.until,
        )


def audit_message(entry: AuditEntry) -> AuditEventMessage:
    """An entry of the log."""
    event = entry.event
    return AuditEventMessage(
        event_id=str(entry.number),
        kind=_KIND_MESSAGES.get(event.kind, AuditKindMessage.UNSPECIFIED),
        raw_kind=event.kind if event.kind not in _KIND_MESSAGES else "",
        at=event.at,
        actor_id=event.actor,
        subject_id=event.subject,
        ip=event.origin.address,
        request_id=event.origin.request_id,
        detail=dict(event.detail),
    )
