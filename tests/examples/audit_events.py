"""Audit events for tests."""

from datetime import UTC, datetime, timedelta

from user_svc.adapters.ids import new_id
from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import AuditEvent, AuditKind

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, UTC)
ADA, BOB = new_id(), new_id()
ADMIN = Actor(new_id(), "S" * 22, is_admin=True)
ORIGIN = Origin(address="192.0.2.7", request_id="request-1")


def happened(
    at_us: int,
    kind: AuditKind = AuditKind.LOGGED_IN,
    actor: str | None = ADA,
    subject: str | None = ADA,
    **detail: str,
) -> AuditEvent:
    """Returns an event this many microseconds after NOON."""
    return AuditEvent(kind, actor, subject, ORIGIN, detail, NOON + timedelta(microseconds=at_us))
