"""grpcurl, ghz and buf curl call the services through server reflection."""

import json
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.go_tools import go_tool
from tests.conftest import StartStack
from tests.e2e.accounts import register
from tests.e2e.api import Api
from tests.examples.contracts import headrace_contract
from tests.running.stacks import Stack

_WITHIN_S = 60
_SERVERS = ("order-svc", "user-svc")
_OF_EVERY_SERVER = {
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
}


@pytest.fixture(scope="module")
def platform(start_stack: StartStack) -> Stack:
    return start_stack({})


@pytest.fixture(scope="module")
def token(platform: Stack) -> str:
    with Api(platform.url) as api:
        return register(api).token


@pytest.fixture(scope="module")
def grpcurl() -> Path:
    return go_tool("github.com/fullstorydev/grpcurl/cmd/grpcurl", "v1.9.4")


@pytest.fixture(scope="module")
def ghz() -> Path:
    return go_tool("github.com/bojand/ghz/cmd/ghz", "v0.93.0")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=_WITHIN_S, check=False)


def output(*command: str | Path) -> str:
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", _SERVERS)
def test_grpcurl_lists_and_describes_all_services(platform: Stack, grpcurl: Path, name: str) -> None:
    target = platform.grpc_target(name)
    services = set(output(grpcurl, "-plaintext", target, "list").split())
    methods = headrace_contract().methods.values()
    assert services == {method.service for method in methods if method.upstream == name} | _OF_EVERY_SERVER
    for service in services:
        listed = output(grpcurl, "-plaintext", target, "list", service).split()
        assert listed
        for symbol in (service, *listed):
            assert symbol in output(grpcurl, "-plaintext", target, "describe", symbol)


@pytest.mark.parametrize("symbol", ["order.v1.OrderLine.sku", "order.v1.OrderStatus", "google.rpc.ErrorInfo"])
def test_grpcurl_describes_a_message(platform: Stack, grpcurl: Path, symbol: str) -> None:
    assert symbol in output(grpcurl, "-plaintext", platform.grpc_target("order-svc"), "describe", symbol)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_grpcurl_calls_a_method(platform: Stack, grpcurl: Path, token: str, scheme: str) -> None:
    header, target = f"authorization: {scheme} {token}", platform.grpc_target("order-svc")
    answer = output(grpcurl, "-plaintext", "-H", header, target, "order.v1.OrderService/ListOrders")
    assert json.loads(answer) == {}


def test_grpcurl_reads_the_details_of_an_error(platform: Stack, grpcurl: Path, token: str) -> None:
    request = ("-format-error", "-H", f"authorization: Bearer {token}", "-d", '{"order_id": "x"}')
    target = platform.grpc_target("order-svc")
    done = run(grpcurl, "-plaintext", *request, target, "order.v1.OrderService/GetOrder")
    error: Any = json.loads(done.stderr)
    kinds = {detail["@type"].rpartition(".")[2]: detail for detail in error["details"]}
    assert kinds["ErrorInfo"]["reason"] == "INVALID_REQUEST"
    assert [violation["field"] for violation in kinds["BadRequest"]["field_violations"]] == ["order_id"]


def test_ghz_calls_a_method(platform: Stack, ghz: Path, token: str) -> None:
    metadata = json.dumps({"authorization": f"Bearer {token}"})
    how = ("--insecure", "--call", "order.v1.OrderService.ListOrders", "-m", metadata, "-n", "50", "-c", "4")
    report = json.loads(output(ghz, *how, "-O", "json", platform.grpc_target("order-svc")))
    assert report["statusCodeDistribution"] == {"OK": 50}


def test_buf_curl_calls_a_method(platform: Stack, token: str) -> None:
    buf = Path(sysconfig.get_path("scripts")) / "buf"
    url = f"http://{platform.grpc_target('user-svc')}/user.v1.UserService/GetUser"
    how = ("--http2-prior-knowledge", "--protocol", "grpc", "-H", f"authorization: Bearer {token}")
    assert json.loads(output(buf, "curl", *how, url))["user"]["role"] == "ROLE_USER"
