"""Events of user-svc in their wire format."""

from datetime import UTC, datetime

from service_kit.events import Envelope
from shared_contracts.user.v1 import UserDeleted
from uuid_utils import uuid7

from tests.examples.orders import ROOT, unknown_id

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
DELETED_AT = datetime(2026, 11, 22, 13, 0, 0, 654321, tzinfo=UTC)


def user_deleted(user_id: str = unknown_id(), deleted_by: str = ROOT, request_id: str = "request-9") -> Envelope:
    """Returns the event that a user was deleted, by default by an administrator."""
    message = UserDeleted(user_id=user_id, deleted_by=deleted_by, deleted_at=DELETED_AT)
    return Envelope(str(uuid7()), "user.v1.UserDeleted", bytes(message), request_id, TRACEPARENT)


def an_event(payload: bytes = b"\xff\x00\r\n", type_: str = "user.v1.Renamed") -> Envelope:
    """Returns an event that no consumer understands."""
    return Envelope(str(uuid7()), type_, payload, "", "")
