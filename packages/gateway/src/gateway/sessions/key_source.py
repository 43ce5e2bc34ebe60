"""Where the gateway's public keys come from: the session authority, over gRPC."""

import secrets
from collections.abc import Mapping

from service_kit.contract import Contract
from service_kit.request.context import RequestContext
from service_kit.telemetry.trace_context import continue_trace

from gateway.upstream.upstream import Upstream

_GET_KEY_SET = "/headrace.session.v1.SessionService/GetKeySet"


class KeySource:
    """Fetches the key set for service_kit's KeySet."""

    def __init__(self, contract: Contract, upstreams: Mapping[str, Upstream]) -> None:
        self._method = contract.methods[_GET_KEY_SET]
        self._upstream = upstreams[self._method.upstream]

    async def fetch(self) -> list[dict[str, str]]:
        """The public keys as JSON Web Keys. CallError: the authority cannot be asked."""
        request = RequestContext(request_id=f"keys-{secrets.token_hex(8)}", trace=continue_trace(None))
        reply = await self._upstream.call(self._method, self._method.request_class(), request)
        return [{field.name: value for field, value in key.ListFields()} for key in reply.keys]
