"""The key set source while processes of the session authority are unavailable."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from grpclib import GRPCError, Status
from grpclib.server import Server
from order_svc.adapters.session_authority import KeySetSource
from service_kit.grpc.client import GrpcClient
from shared_contracts.headrace.session.v1 import GetKeySetRequest, GetKeySetResponse

from tests.examples.tokens import Issuer
from tests.fakes.session_authority import SessionAuthority
from tests.running.servers import free_port


class Process(SessionAuthority):
    """One process of the authority, which may be unavailable. Its own keys identify it."""

    away = False

    def __init__(self) -> None:
        self.issuer = Issuer()
        super().__init__(self.issuer)

    async def get_key_set(self, message: GetKeySetRequest) -> GetKeySetResponse:
        if self.away:
            raise GRPCError(Status.UNAVAILABLE, "away")
        return await super().get_key_set(message)


@asynccontextmanager
async def client_of(process: Process) -> AsyncIterator[GrpcClient]:
    port, server = free_port(), Server([process])
    await server.start("127.0.0.1", port)
    async with GrpcClient(f"127.0.0.1:{port}") as client:
        yield client
    server.close()
    await server.wait_closed()


async def test_source_moves_to_the_next_process_on_failure_and_stays_there() -> None:
    first, second = Process(), Process()
    async with client_of(first) as one, client_of(second) as other:
        source = KeySetSource([one, other])
        assert await source.fetch() == await first.issuer.keys()

        first.away = True
        assert await source.fetch() == await second.issuer.keys()
        first.away = False
        assert await source.fetch() == await second.issuer.keys()
        second.away = True
        assert await source.fetch() == await first.issuer.keys()


async def test_error_of_the_last_process_is_raised_when_all_fail() -> None:
    async with GrpcClient(f"127.0.0.1:{free_port()}") as one, GrpcClient(f"127.0.0.1:{free_port()}") as other:
        source = KeySetSource([one, other])

        for _ in range(3):
            with pytest.raises(OSError, match="Connect call failed"):
                await source.fetch()
