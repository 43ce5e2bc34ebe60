"""The size limit of requests, computed from the contract."""

from pathlib import Path

import pytest
from service_kit.contract import Contract
from service_kit.contract.message_size import max_request_bytes

from tests.examples.contracts import compile_protos, headrace_contract

KIB = 1024
MOST = 256 * KIB
CONTRACT = headrace_contract()

PROTO = """
syntax = "proto3";
package sizes.v1;
import "buf/validate/validate.proto";
import "headrace/v1/policy.proto";
service SizeService {
  option (headrace.v1.service).upstream = "order-svc";
  METHODS
}
message Answer {}
message Item { string text = 1 [(buf.validate.field).string.max_len = 1000]; }
message Bounded {
  repeated Item items = 1 [(buf.validate.field).repeated.max_items = 10];
  string id = 2 [(buf.validate.field).string.uuid = true];
  string code = 3 [(buf.validate.field).string.pattern = "^[A-Z]{3}$"];
}
message FreeText { string text = 1; }
message FreeList { repeated int32 numbers = 1; }
message FreeBytes { bytes raw = 1; }
message FreeMap { map<int32, bool> flags = 1; }
message Nested { FreeText text = 1; }
message Recursive { Recursive next = 1; }
"""
REQUESTS = ["Bounded", "FreeText", "FreeList", "FreeBytes", "FreeMap", "Nested", "Recursive"]


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    policy = "option (headrace.v1.method) = {{access: ACCESS_INTERNAL deadline_ms: 1000}};"
    method = f"rpc Take{{0}}({{0}}) returns (Answer) {{{{ {policy} }}}}"
    methods = "\n".join(method.format(request) for request in REQUESTS)
    folder: Path = tmp_path_factory.mktemp("sizes")
    return Contract.load(compile_protos(folder, {"sizes/v1/sizes.proto": PROTO.replace("METHODS", methods)}))


def taken(contract: Contract, request: str) -> int:
    return max_request_bytes(contract, contract.methods[f"/sizes.v1.SizeService/Take{request}"], MOST)


def test_request_limit_is_twice_the_largest_valid_message(contract: Contract) -> None:
    message = contract.methods["/sizes.v1.SizeService/TakeBounded"].request_class()
    for _ in range(10):
        message.items.add(text="\U0001f600" * 1000)
    message.id, message.code = "0190b3a1-0000-7000-8000-000000000000", "EUR"
    assert 2 * message.ByteSize() <= taken(contract, "Bounded") <= 2.1 * message.ByteSize() + KIB


@pytest.mark.parametrize("request_name", REQUESTS[1:])
def test_unbounded_message_has_the_largest_limit(contract: Contract, request_name: str) -> None:
    assert taken(contract, request_name) == MOST


def test_every_method_of_the_platform_is_bounded_by_its_contract() -> None:
    sizes = {method.name: max_request_bytes(CONTRACT, method, MOST) for method in CONTRACT.methods.values()}
    assert max(sizes.values()) < MOST
    assert sizes["Login"] == sizes["GetKeySet"] == 16 * KIB


def test_request_limit_is_at_most_the_given_one() -> None:
    assert max_request_bytes(CONTRACT, CONTRACT.methods["/order.v1.OrderService/CreateOrder"], 1000) == 1000
