"""The audit log as a list, newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import PeriodEmptyError


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """Which events a list is of; None: all of them.

    user_id: those of which this user is the actor or the subject. since, until: those from the one moment on, up to but
    not at the other. PeriodEmptyError: no event could lie between them.
    """

    user_id: str | None = None
    kind: AuditKind | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise PeriodEmptyError


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An event in the log. number: its own, in the order of writing; the log does not keep the origin's agent."""

    number: int
    event: AuditEvent


@dataclass(frozen=True, slots=True)
class AuditPosition:
    """A place in the list: just behind the entry of this time and number."""

    at: datetime
    number: int

    @classmethod
    def behind(cls, entry: AuditEntry) -> Self:
        return cls(entry.event.at, entry.number)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first. next: where the list goes on; None on the last page."""

    entries: tuple[AuditEntry, ...]
    next: AuditPosition | None
