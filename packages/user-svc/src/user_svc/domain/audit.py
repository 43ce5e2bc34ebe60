"""What is worth remembering for good."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from user_svc.domain.actor import Origin

#: Of a session's renewals, at most one in so many seconds is recorded. The counter in its detail tells how many there
#: were.
RECORDED_EVERY_S = 60
#: What the detail `by` says of an event that an operator caused on the command line, where no user is known.
OPERATOR = "operator"


class AuditKind(StrEnum):
    """What happened."""

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
    """The kind that is stored as ``text``."""
    try:
        return AuditKind(text)
    except ValueError:
        return UnknownKind(text)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One entry of the audit log.

    actor, subject: the ids of who did it and of whom it was done to; None: nobody known.
    detail: what else matters, in short words; never a secret, never what somebody typed.
    """

    kind: AuditKind | UnknownKind
    actor: str | None
    subject: str | None
    origin: Origin
    detail: Mapping[str, str] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def with_detail(self, **detail: str) -> Self:
        """The same event with more in its detail."""
        return replace(self, detail={**self.detail, **detail})
