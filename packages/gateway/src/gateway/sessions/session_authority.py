"""The session authority, asked over gRPC for public keys and for revoked sessions."""

import secrets
from collections.abc import Mapping
from typing import Any

from service_kit.contract import Contract
from service_kit.request.context import RequestContext
from service_kit.telemetry.trace_context import continue_trace
from service_kit.tokens.revocation_feed import RevocationPage, Revoked

from gateway.upstream.upstream import Upstream

_GET_KEY_SET = "/headrace.session.v1.SessionService/GetKeySet"
_LIST_REVOCATIONS = "/headrace.session.v1.SessionService/ListRevocations"


class SessionAuthority:
    """Serves service_kit's KeySet and RevocationFeed from the service that keeps the sessions."""

    def __init__(self, contract: Contract, upstreams: Mapping[str, Upstream]) -> None:
        self._get_key_set = contract.methods[_GET_KEY_SET]
        self._list_revocations = contract.methods[_LIST_REVOCATIONS]
        self._upstreams = upstreams

    async def key_set(self) -> list[dict[str, str]]:
        """Returns the public keys as JSON Web Keys.

        Raises:
            CallError: the authority cannot be asked.
        """
        method = self._get_key_set
        reply = await self._upstreams[method.upstream].call(method, method.request_class(), _request("keys"))
        return [{field.name: value for field, value in key.ListFields()} for key in reply.keys]

    async def revocations(self, since: Any | None) -> RevocationPage:
        """Returns a page of the sessions that were revoked after the position ``since``.

        Raises:
            CallError, Problem: the authority cannot be asked.
        """
        method = self._list_revocations
        message = method.request_class(since=since)
        reply = await self._upstreams[method.upstream].call(method, message, _request("revocations"))
        revoked = [Revoked(each.session_id, each.age_ms / 1000, each.for_ms / 1000) for each in reply.sessions]
        return RevocationPage(revoked, reply.until, reply.more)


def _request(purpose: str) -> RequestContext:
    return RequestContext(request_id=f"{purpose}-{secrets.token_hex(8)}", trace=continue_trace(None))
