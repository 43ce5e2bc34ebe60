"""Renews sessions: a session key becomes its successor and an access token, by a call to whoever keeps the sessions."""

from collections.abc import Mapping

from service_kit.context import RequestContext
from service_kit.contract import Contract
from service_kit.contract.reasons import Reason
from service_kit.errors import CallError
from service_kit.tokens.verifier import TokenVerifier

from gateway.sessions.renewal import Renewal
from gateway.upstream.problems import to_problem
from gateway.upstream.upstream import Upstream

_RENEW = "/headrace.session.v1.SessionService/RenewSession"


class SessionRenewer:
    """Renews over gRPC. The new token is verified like any other before anything is done in its name."""

    def __init__(self, contract: Contract, upstreams: Mapping[str, Upstream], verifier: TokenVerifier) -> None:
        self._method = contract.methods[_RENEW]
        self._upstream = upstreams[self._method.upstream]
        self._verifier = verifier
        self._reasons: Mapping[str, Reason] = contract.reasons

    async def renew(self, session_key: str, request: RequestContext) -> Renewal:
        """Trade ``session_key``. Problem: the session has ended or was reused (401), or nobody can tell now (503)."""
        message = self._method.request_class(session_key=session_key)
        try:
            reply = await self._upstream.call(self._method, message, request)
        except CallError as exc:
            raise to_problem(exc, self._reasons) from exc
        return Renewal(
            session_key=reply.grant.session_key,
            max_age_s=reply.grant.max_age_s,
            access_token=reply.access_token,
            expires_in=reply.expires_in,
            principal=await self._verifier.verify(reply.access_token),
        )
