"""headrace.session.v1.SessionService over the use cases."""

from collections.abc import Callable
from dataclasses import dataclass

from shared_contracts.headrace.session.v1 import (
    GetKeySetRequest,
    GetKeySetResponse,
    RenewSessionRequest,
    RenewSessionResponse,
    ReportUseRequest,
    ReportUseResponse,
    SessionServiceBase,
)

from user_svc.rpc.caller import origin
from user_svc.rpc.translation import key_message, session_grant
from user_svc.use_cases.renew_session import RenewSession
from user_svc.use_cases.report_use import ReportUse


@dataclass(frozen=True, slots=True)
class SessionService(SessionServiceBase):
    """What the gateway and the other services need of us. public_keys: the public JWKs, as they are now."""

    renew: RenewSession
    reporting: ReportUse
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
