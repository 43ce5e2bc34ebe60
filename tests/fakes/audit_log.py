"""The audit log in memory, for tests of the user service."""

from collections.abc import Sequence

from user_svc.domain.audit import AuditEvent
from user_svc.domain.audit_listing import AuditEntry, AuditFilters, AuditPosition


class InMemoryAuditLog:
    """The port AuditLog. `write` adds events as the database does."""

    def __init__(self) -> None:
        self._entries: list[AuditEntry] = []

    async def write(self, *events: AuditEvent) -> None:
        for event in events:
            self._entries.append(AuditEntry(len(self._entries) + 1, event))

    async def page(self, filters: AuditFilters, behind: AuditPosition | None, limit: int) -> Sequence[AuditEntry]:
        wanted = [entry for entry in self._entries if _matches(entry.event, filters) and _is_behind(entry, behind)]
        return sorted(wanted, key=_order, reverse=True)[:limit]


def _matches(event: AuditEvent, filters: AuditFilters) -> bool:
    return (
        (filters.user_id is None or filters.user_id in (event.actor, event.subject))
        and (filters.kind is None or filters.kind is event.kind)
        and (filters.since is None or filters.since <= event.at)
        and (filters.until is None or event.at < filters.until)
    )


def _order(entry: AuditEntry) -> tuple[object, int]:
    return entry.event.at, entry.number


def _is_behind(entry: AuditEntry, position: AuditPosition | None) -> bool:
    return position is None or (entry.event.at, entry.number) < (position.at, position.number)
