"""Audit events: the record of what was done to accounts and sessions, by which user."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from user_svc.domain.actor import Origin

#: At most one renewal of a session is recorded in this time (seconds). The counter in its detail says how many there
#: were in between.
RENEWAL_RECORD_INTERVAL_S = 60
#: The detail `by` of an event that the operator caused on the command line, where no user is known.
OPERATOR = "operator"


class AuditKind(StrEnum):
    """The kind of an event, as it is stored."""

    REGISTERED = "registered"
    LOGGED_IN = "logged_in"
    LOGIN_FAILED = "login_failed"
    SESSION_RENEWED = "session_renewed"
    SESSION_REUSED = "session_reused"
    SESSION_REVOKED = "session_revoked"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an event
    USER_DELETED = "user_deleted"
    ROLE_CHANGED = "role_changed"


class UnknownKind(str):
    """A kind that a newer version of this service wrote, as it is stored."""

    __slots__ = ()


def kind_of(text: str) -> AuditKind | UnknownKind:
    """Returns the kind that is stored as ``text``."""
    try:
        return AuditKind(text)
    except ValueError:
        return UnknownKind(text)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event of the audit log.

    actor, subject: the ids of the user who acted and of the user acted upon; None: no user is known.
    detail: further facts as short words; never a secret, never text that a client sent.
    """

    kind: AuditKind | UnknownKind
    actor: str | None
    subject: str | None
    origin: Origin
    detail: Mapping[str, str] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def with_detail(self, **detail: str) -> Self:
        """Returns the same event with additional details."""
        return replace(self, detail={**self.detail, **detail})
