"""A method that is added to a proto, with its annotation, and to a service is an endpoint. No gateway code knows it.

The gateway runs as a process of its own, with the changed contract; the service that has the new method, and the
session authority beside it, are served from here by service_kit, with code generated as `just gen` does.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from service_kit.contract import Contract
from service_kit.grpc.server import GrpcServer
from shared_contracts.headrace.session.v1 import GetKeySetRequest, GetKeySetResponse, JsonWebKey, SessionServiceBase

from tests.examples.contracts import PROTOS, compile_protos, generate_contract
from tests.examples.tokens import Issuer
from tests.running.servers import free_port

ORDER_PROTO = "order/v1/order_service.proto"
NEW_METHOD = """
  // Counts the orders of a customer segment. It exists in this test alone.
  rpc CountOrders(CountOrdersRequest) returns (CountOrdersResponse) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = {
      get: "/api/orders/count"
      additional_bindings: {get: "/api/v1/segments/{segment}/order-count"}
    };
    option (headrace.v1.method) = {
      access: ACCESS_USER
      deadline_ms: 1500
    };
  }
"""
NEW_MESSAGES = """
// Which orders to count.
message CountOrdersRequest {
  // The segment.
  string segment = 1 [(buf.validate.field).required = true, (buf.validate.field).string.max_len = 8];
}

// How many there are.
message CountOrdersResponse {
  // The number of orders.
  int64 count = 1;
}
"""
SHORT, RESOURCE = "/api/orders/count", "/api/v1/segments/{segment}/order-count"


class Authority(SessionServiceBase):
    """Knows the keys of the test's own tokens."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    async def get_key_set(self, message: GetKeySetRequest) -> GetKeySetResponse:
        return GetKeySetResponse(keys=[JsonWebKey(**key) for key in await self._issuer.keys()])


@dataclass
class Platform:
    """A running gateway, and a token that it takes."""

    url: str
    admin_url: str
    token: str

    def get(self, target: str, url: str | None = None) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.get((url or self.url) + target, headers=headers, timeout=10)


def _changed_contract(folder: Path) -> bytes:
    text = (PROTOS / ORDER_PROTO).read_text()
    with_method = re.sub(r"(service OrderService \{\n.*?\n)(\n)", rf"\1{NEW_METHOD}\2", text, count=1, flags=re.DOTALL)
    return compile_protos(folder, {ORDER_PROTO: with_method + NEW_MESSAGES})


def _generated_service(folder: Path) -> Any:
    """The base class of the changed service, generated from the changed protos into a package of its own."""
    package = folder / "changed_contract"
    package.mkdir()
    (package / "__init__.py").touch()
    generate_contract(package, folder)
    sys.path.insert(0, str(folder))
    try:
        from changed_contract.order import v1  # type: ignore[import-not-found]  # noqa: PLC0415
    finally:
        sys.path.remove(str(folder))
    return v1


async def _until_ready(process: asyncio.subprocess.Process, admin_url: str) -> None:
    async with httpx2.AsyncClient() as client, asyncio.timeout(20):
        while True:
            assert process.returncode is None, "the gateway has ended"
            try:
                if (await client.get(f"{admin_url}/readyz")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.05)


@pytest.fixture
async def platform(tmp_path: Path, redis_server: Any) -> AsyncIterator[Platform]:
    protos = tmp_path / "protos"
    descriptor_set = _changed_contract(protos)
    changed = _generated_service(protos)

    class Orders(changed.OrderServiceBase):  # type: ignore[misc, name-defined]
        async def count_orders(self, message: Any) -> Any:
            return changed.CountOrdersResponse(count=len(message.segment))

    issuer = Issuer()
    grpc_port, http_port, admin_port = free_port(), free_port(), free_port()
    server = GrpcServer(
        [Orders(), Authority(issuer)],
        contract=Contract.load(descriptor_set),
        verifier=await issuer.verifier(),
        hosts=("127.0.0.1",),
        port=grpc_port,
        error_table={},
    )
    settings = {
        "GATEWAY_DESCRIPTOR_SET": str(protos / "descriptor_set.binpb"),
        "GATEWAY_UPSTREAMS": f"user-svc=127.0.0.1:{grpc_port},order-svc=127.0.0.1:{grpc_port}",
        "GATEWAY_REDIS_URL": redis_server.url,
        "GATEWAY_PORT": str(http_port),
        "GATEWAY_ADMIN_PORT": str(admin_port),
        "GATEWAY_PPROF_PORT": "0",
    }
    async with server:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "gateway", env=os.environ | settings)
        try:
            admin_url = f"http://127.0.0.1:{admin_port}"
            await _until_ready(process, admin_url)
            yield Platform(f"http://127.0.0.1:{http_port}", admin_url, issuer.token())
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 15)


async def test_a_new_method_is_an_endpoint(platform: Platform) -> None:
    for target in (f"{SHORT}?segment=abc", RESOURCE.format(segment="abc")):
        answer = await asyncio.to_thread(platform.get, target)
        assert (answer.status_code, answer.json()) == (200, {"count": 3})

    refused = await asyncio.to_thread(platform.get, f"{SHORT}?segment=far-too-long")
    assert refused.status_code == 400
    assert [(v["field"], v["rule"]) for v in refused.json()["violations"]] == [("segment", "string.max_len")]

    document = (await asyncio.to_thread(platform.get, "/openapi.json")).json()
    operation = document["paths"][SHORT]["get"]
    assert operation["summary"] == "Counts the orders of a customer segment"
    assert operation["parameters"][0]["schema"]["maxLength"] == 8
    assert RESOURCE in document["paths"]

    metrics = (await asyncio.to_thread(platform.get, "/metrics", platform.admin_url)).text
    assert f'http_route="{SHORT}"' in metrics
    assert f'http_route="{RESOURCE}"' in metrics
    assert 'rpc_method="order.v1.OrderService/CountOrders"' in metrics


async def test_a_method_that_the_service_has_not_got_yet(platform: Platform) -> None:
    answer = await asyncio.to_thread(platform.get, "/api/orders")

    assert (answer.status_code, answer.headers["content-type"]) == (501, "application/problem+json")
    assert answer.json()["code"] == "NOT_IMPLEMENTED"


def test_the_gateway_names_no_business_route() -> None:
    sources = Path(PROTOS.parent / "packages/gateway/src").rglob("*.py")
    named = [f"{path.name}: {line}" for path in sources for line in path.read_text().splitlines() if "/api/" in line]
    assert named == []
