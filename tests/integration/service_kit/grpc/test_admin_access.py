"""Admin methods: the server enforces the access of the contract, without any help of the service."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from service_kit.grpc.client import GrpcClient
from service_kit.grpc.server import GrpcServer
from shared_contracts.user.v1 import AuditServiceBase, AuditServiceStub, ListAuditEventsRequest, ListAuditEventsResponse

from tests.examples.contracts import headrace_contract
from tests.examples.tokens import Issuer


@dataclass
class AuditServiceWithoutChecks(AuditServiceBase):
    calls: int = 0

    async def list_audit_events(self, message: ListAuditEventsRequest) -> ListAuditEventsResponse:
        self.calls += 1
        return ListAuditEventsResponse()


@dataclass
class Running:
    service: AuditServiceWithoutChecks
    issuer: Issuer
    client: GrpcClient

    async def ask(self, role: str) -> None:
        metadata = {"authorization": f"Bearer {self.issuer.token(role=role)}"}
        await AuditServiceStub(self.client.channel).list_audit_events(
            ListAuditEventsRequest(), timeout=5, metadata=metadata
        )


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    service, issuer = AuditServiceWithoutChecks(), Issuer()
    server = GrpcServer(
        [service],
        contract=headrace_contract(),
        verifier=await issuer.verifier(),
        hosts=("127.0.0.1",),
        port=port,
        error_table={},
    )
    async with server, GrpcClient(f"127.0.0.1:{port}") as client:
        yield Running(service, issuer, client)


async def test_administrator_may_call_an_admin_method(running: Running) -> None:
    await running.ask("admin")
    assert running.service.calls == 1


async def test_user_is_refused_before_the_handler_of_an_admin_method(running: Running) -> None:
    with pytest.raises(GRPCError) as refused:
        await running.ask("user")
    assert refused.value.status is Status.PERMISSION_DENIED
    assert running.service.calls == 0
