"""user.v1.AuditService on the use cases: messages in, use case, messages out."""

from dataclasses import dataclass

from shared_contracts.user.v1 import AuditServiceBase, ListAuditEventsRequest, ListAuditEventsResponse

from user_svc.rpc.caller import checked_caller
from user_svc.rpc.page_tokens import decode_audit_position, encode_audit_position
from user_svc.rpc.translation import audit_filters, audit_message
from user_svc.use_cases.check_session import CheckSession
from user_svc.use_cases.list_audit_events import ListAuditEvents

_DEFAULT_PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class AuditService(AuditServiceBase):
    """The contract's service. Its requests have been validated; error_table maps what it raises."""

    check_session: CheckSession
    list: ListAuditEvents

    async def list_audit_events(self, message: ListAuditEventsRequest) -> ListAuditEventsResponse:
        actor = await checked_caller(self.check_session)
        filters = audit_filters(message)
        behind = decode_audit_position(message.page_token, filters) if message.page_token else None
        page = await self.list(actor, filters, behind, message.page_size or _DEFAULT_PAGE_SIZE)
        return ListAuditEventsResponse(
            events=[audit_message(entry) for entry in page.entries],
            next_page_token=encode_audit_position(page.next, filters) if page.next else "",
        )
