"""How the gateway refuses to start: one message, exit code 2, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.contracts import PROTOS, compile_protos

_GOOD = {
    "GATEWAY_UPSTREAMS": "user-svc=127.0.0.1:1,order-svc=127.0.0.1:1",
    "GATEWAY_REDIS_URL": "redis://127.0.0.1:1/0",
}


def _start(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    command = [sys.executable, "-m", "gateway"]
    return subprocess.run(command, env=inherited | settings, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, ["GATEWAY_UPSTREAMS", "GATEWAY_REDIS_URL"]),
        (_GOOD | {"GATEWAY_PORT": "x", "GATEWAY_RATE_LIMIT_DEFAULT": "many"}, ["PORT", "RATE_LIMIT_DEFAULT"]),
        (_GOOD | {"GATEWAY_UPSTREAMS": "user-svc=127.0.0.1:1"}, ["order-svc"]),
        (_GOOD | {"GATEWAY_UPSTREAMS": "user-svc"}, ["GATEWAY_UPSTREAMS"]),
        (_GOOD | {"GATEWAY_REDIS_URL": "http://127.0.0.1"}, ["GATEWAY_REDIS_URL"]),
        (_GOOD | {"GATEWAY_CORS_ORIGINS": "null,*"}, ["GATEWAY_CORS_ORIGINS"]),
        (_GOOD | {"GATEWAY_TRUSTED_PROXIES": "10.0.0.0/99"}, ["GATEWAY_TRUSTED_PROXIES"]),
        (_GOOD | {"GATEWAY_DESCRIPTOR_SET": "/no/such/file"}, ["GATEWAY_DESCRIPTOR_SET"]),
    ],
)
def test_wrong_settings(settings: dict[str, str], named: list[str]) -> None:
    refused = _start(settings)

    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr
    for name in named:
        assert name in refused.stderr


def test_a_file_that_is_no_contract(tmp_path: Path) -> None:
    file = tmp_path / "contract.binpb"
    file.write_bytes(b"\xff\xff")

    refused = _start(_GOOD | {"GATEWAY_DESCRIPTOR_SET": str(file)})

    assert refused.returncode == 2
    assert "GATEWAY_DESCRIPTOR_SET" in refused.stderr


def test_methods_that_stream(tmp_path: Path) -> None:
    name = "order/v1/order_service.proto"
    text = (PROTOS / name).read_text()
    for old in ("returns (GetOrderResponse)", "rpc ListOrders(", "rpc DeleteOrder(", "returns (DeleteOrderResponse)"):
        text = text.replace(old, old.replace("(", "(stream "))
    compile_protos(tmp_path, {name: text})

    refused = _start(_GOOD | {"GATEWAY_DESCRIPTOR_SET": str(tmp_path / "descriptor_set.binpb")})

    assert (refused.returncode, refused.stdout) == (2, "")
    lines = refused.stderr.splitlines()
    assert "GATEWAY_DESCRIPTOR_SET" in lines[1]
    assert [line.partition(name)[2].partition(": ")[2] for line in lines[2:]] == [
        "order.v1.OrderService.GetOrder streams responses, which is not supported",
        "order.v1.OrderService.ListOrders streams requests, which is not supported",
        "order.v1.OrderService.DeleteOrder streams requests and responses, which is not supported",
    ]


def test_a_contract_with_an_endpoint_that_cannot_be_served(tmp_path: Path) -> None:
    name = "order/v1/order_service.proto"
    text = (PROTOS / name).read_text().replace('get: "/api/orders"', 'get: "/api/orders/info"')
    compile_protos(tmp_path, {name: text})

    refused = _start(_GOOD | {"GATEWAY_DESCRIPTOR_SET": str(tmp_path / "descriptor_set.binpb")})

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "GET /api/orders/info takes requests that" in refused.stderr
    assert "Traceback" not in refused.stderr
