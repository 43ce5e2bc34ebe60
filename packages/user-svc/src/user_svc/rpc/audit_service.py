"""user.v1.AuditService over its use case: message in, use case, message out."""

from dataclasses import dataclass

from shared_contracts.user.v1 import AuditServiceBase, ListAuditEventsRequest, ListAuditEventsResponse

from user_svc.rpc import caller, page_tokens
from user_svc.rpc.audit_translation import audit_filters, audit_message
from user_svc.use_cases.attend_session import AttendSession
from user_svc.use_cases.list_audit_events import ListAuditEvents

_DEFAULT_PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class AuditService(AuditServiceBase):
    """The contract's service. What it is handed has been validated; what it raises, the error table maps."""

    attend: AttendSession
    listing: ListAuditEvents

    async def list_audit_events(self, message: ListAuditEventsRequest) -> ListAuditEventsResponse:
        actor = await caller.caller(self.attend)
        filters = audit_filters(message)
        behind = page_tokens.decode(message.page_token, filters) if message.page_token else None
        page = await self.listing(actor, filters, behind, message.page_size or _DEFAULT_PAGE_SIZE)
        return ListAuditEventsResponse(
            events=[audit_message(entry) for entry in page.entries],
            next_page_token=page_tokens.encode(page.next, filters) if page.next else "",
        )
