"""Users, sessions and events for tests."""

from datetime import UTC, datetime
from typing import Any

from user_svc.adapters.ids import new_id
from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.session import NewSession, new_session_id
from user_svc.domain.user import Role, User, UserDeletion

ORIGIN = Origin("192.0.2.7", "Lynx/2.9", "request-1")
PASSWORD = "correct horse battery"


def a_user(**changes: Any) -> User:
    """Returns a unique user."""
    user_id = new_id()
    standard: dict[str, Any] = {
        "user_id": user_id,
        "email": f"{user_id}@Example.com",
        "name": "Ada Lovelace",
        "role": Role.USER,
        "password_hash": f"1${PASSWORD}",
        "password_version": 1,
        "created_at": datetime(2026, 11, 22, 9, 30, 0, 123456, UTC),
    }
    return User(**standard | changes)


def a_session(user_id: str, **changes: Any) -> NewSession:
    """Returns a new session."""
    standard: dict[str, Any] = {
        "session_id": new_session_id(),
        "user_id": user_id,
        "password_version": 1,
        "address": ORIGIN.address,
        "agent": ORIGIN.agent,
    }
    return NewSession(**standard | changes)


def deleted(user: User) -> UserDeletion:
    """Returns the event of a user who deleted their own account."""
    return UserDeletion(new_id(), user.user_id, user.user_id, datetime.now(UTC), ORIGIN.request_id)


def an_event(kind: AuditKind, user: User, **detail: str) -> AuditEvent:
    """Returns an audit event of a user about their own account."""
    return AuditEvent(kind, user.user_id, user.user_id, ORIGIN, detail)
