"""headrace.session.v1.SessionService over the use cases."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

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

from user_svc.domain.session_ends import EndedPage
from user_svc.rpc.caller import origin
from user_svc.rpc.translation import key_message, session_grant
from user_svc.use_cases.renew_session import RenewSession
from user_svc.use_cases.report_use import ReportUse


class EndedSessions(Protocol):
    """The record of ended sessions, as PostgresSessionEnds has it. tokens_live_s: how long they are to be refused."""

    tokens_live_s: float

    async def page(self, since: datetime | None) -> EndedPage: ...


@dataclass(frozen=True, slots=True)
class SessionService(SessionServiceBase):
    """What the gateway and the other services need of the session authority.

    ends: the record of ended sessions. public_keys: the public JWKs, as they are now.
    """

    renew: RenewSession
    reporting: ReportUse
    ends: EndedSessions
    public_keys: Callable[[], list[dict[str, str]]]

    async def get_key_set(self, message: GetKeySetRequest) -> GetKeySetResponse:
        return GetKeySetResponse(keys=[key_message(jwk) for jwk in self.public_keys()])

    async def renew_session(self, message: RenewSessionRequest) -> RenewSessionResponse:
        grant = await self.renew(message.session_key, origin())
        return RenewSessionResponse(
            grant=session_grant(grant), access_token=grant.token.text, expires_in=grant.token.expires_in_s
        )

    async def report_use(self, message: ReportUseRequest) -> ReportUseResponse:
        await self.reporting(message.access_token)
        return ReportUseResponse()

    async def list_revocations(self, message: ListRevocationsRequest) -> ListRevocationsResponse:
        page = await self.ends.page(message.since)
        sessions = [
            RevokedSession(
                session_id=each.session_id,
                age_ms=round(each.age_s * 1000),
                for_ms=max(0, round((self.ends.tokens_live_s - each.age_s) * 1000)),
            )
            for each in page.ended
        ]
        return ListRevocationsResponse(sessions=sessions, until=page.until, more=page.more)
