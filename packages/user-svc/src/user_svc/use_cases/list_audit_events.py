"""List audit events, newest first."""

from dataclasses import dataclass

from user_svc.domain.actor import Actor
from user_svc.domain.audit_listing import AuditFilters, AuditPage, AuditPosition
from user_svc.domain.errors import AccessDeniedError
from user_svc.domain.ports import AuditLog


@dataclass(frozen=True, slots=True)
class ListAuditEvents:
    """Use case: lists one page of the audit log, for administrators."""

    log: AuditLog

    async def __call__(self, actor: Actor, filters: AuditFilters, behind: AuditPosition | None, size: int) -> AuditPage:
        """Returns at most ``size`` entries behind a position; None: from the newest on.

        Raises:
            AccessDeniedError: the actor is not an administrator.
        """
        if not actor.is_admin:
            raise AccessDeniedError
        # One entry more than asked for shows whether this page is the last, without a second query.
        entries = tuple(await self.log.page(filters, behind, size + 1))
        if len(entries) <= size:
            return AuditPage(entries, next=None)
        return AuditPage(entries[:size], next=AuditPosition.behind(entries[size - 1]))
