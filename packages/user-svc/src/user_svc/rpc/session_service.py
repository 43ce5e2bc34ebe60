"""headrace.session.v1.SessionService on the use cases: messages in, use case, messages out."""

from collections.abc import Callable
from dataclasses import dataclass

from shared_contracts.headrace.session.v1 import (
    GetKeySetRequest,
    GetKeySetResponse,
    ListRevocationsRequest,
    ListRevocationsResponse,
    RenewSessionRequest,
    RenewSessionResponse,
    ReportUseRequest,
    ReportUseResponse,
    RevokedSession,
    SessionServiceBase,
)

from user_svc.domain.ports import EndedSessions
from user_svc.rpc.caller import origin
from user_svc.rpc.translation import key_message, session_grant
from user_svc.use_cases.renew_session import RenewSession
from user_svc.use_cases.report_use import ReportUse


@dataclass(frozen=True, slots=True)
class SessionService(SessionServiceBase):
    """The session authority, for the gateway and the other services. error_table maps what it raises.

    ended: the record of ended sessions. public_keys: returns the current public JWKs.
    """

    renew: RenewSession
    report: ReportUse
    ended: EndedSessions
    public_keys: Callable[[], list[dict[str, str]]]

    async def get_key_set(self, message: GetKeySetRequest) -> GetKeySetResponse:
        return GetKeySetResponse(keys=[key_message(jwk) for jwk in self.public_keys()])

    async def renew_session(self, message: RenewSessionRequest) -> RenewSessionResponse:
        credentials = await self.renew(message.session_key, origin())
        return RenewSessionResponse(
            grant=session_grant(credentials),
            access_token=credentials.token.text,
            expires_in=credentials.token.expires_in_s,
        )

    async def report_use(self, message: ReportUseRequest) -> ReportUseResponse:
        await self.report(message.access_token)
        return ReportUseResponse()

    async def list_revocations(self, message: ListRevocationsRequest) -> ListRevocationsResponse:
        page = await self.ended.page(message.since)
        sessions = [
            RevokedSession(
                session_id=each.session_id,
                age_ms=round(each.age_s * 1000),
                for_ms=max(0, round((self.ended.tokens_live_s - each.age_s) * 1000)),
            )
            for each in page.ended
        ]
        return ListRevocationsResponse(sessions=sessions, until=page.until, more=page.more)
