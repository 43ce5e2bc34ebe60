"""Where the gateway learns which sessions were ended: from the session authority, over gRPC."""

import secrets
from collections.abc import Mapping
from typing import Any

from service_kit.contract import Contract
from service_kit.request.context import RequestContext
from service_kit.telemetry.trace_context import continue_trace
from service_kit.tokens.revocation_feed import RevocationPage, Revoked

from gateway.upstream.upstream import Upstream

_LIST_REVOCATIONS = "/headrace.session.v1.SessionService/ListRevocations"


class RevocationSource:
    """Asks for service_kit's RevocationFeed."""

    def __init__(self, contract: Contract, upstreams: Mapping[str, Upstream]) -> None:
        self._method = contract.methods[_LIST_REVOCATIONS]
        self._upstream = upstreams[self._method.upstream]

    async def ask(self, since: Any | None) -> RevocationPage:
        """The sessions ended since then. CallError or Problem: the authority cannot be asked."""
        request = RequestContext(request_id=f"revocations-{secrets.token_hex(8)}", trace=continue_trace(None))
        reply = await self._upstream.call(self._method, self._method.request_class(since=since), request)
        revoked = [Revoked(each.session_id, each.age_ms / 1000, each.for_ms / 1000) for each in reply.sessions]
        return RevocationPage(revoked, reply.until, reply.more)
