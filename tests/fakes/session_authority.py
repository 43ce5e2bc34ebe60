"""The part of the session authority that services need to verify tokens: a key set, over gRPC."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from grpclib.server import Server
from shared_contracts.headrace.session.v1 import (
    GetKeySetRequest,
    GetKeySetResponse,
    JsonWebKey,
    SessionServiceBase,
)

from tests.examples.tokens import Issuer
from tests.running.servers import free_port


class SessionAuthority(SessionServiceBase):
    """Publishes the keys of one issuer."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    async def get_key_set(self, message: GetKeySetRequest) -> GetKeySetResponse:
        keys = [JsonWebKey(**key) for key in await self._issuer.keys()]
        return GetKeySetResponse(keys=keys)


@asynccontextmanager
async def session_authority(issuer: Issuer) -> AsyncIterator[str]:
    """Serves it; yields its address, host:port."""
    port = free_port()
    server = Server([SessionAuthority(issuer)])
    await server.start("127.0.0.1", port)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.close()
        await server.wait_closed()
