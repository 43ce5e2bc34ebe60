"""The audit log as a list, newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import PeriodEmptyError


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """Which events to list; None: all of them.

    user_id: events of which this user is the actor or the subject. since, until: events at or after the one and before
    the other.

    Raises:
        PeriodEmptyError: ``since`` is not before ``until``.
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
    """An event in the log. number: of the entry, in the order of writing. The log does not keep the origin's agent."""

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
    """Entries, newest first. next: the position of the next page; None on the last page."""

    entries: tuple[AuditEntry, ...]
    next: AuditPosition | None
