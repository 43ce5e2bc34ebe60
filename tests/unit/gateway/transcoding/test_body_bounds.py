"""Every valid body is within the bounds that the contract gives its method, in every spelling."""

import json
from pathlib import Path
from typing import Any

import pytest
from gateway.problems import Problem
from gateway.transcoding.body_bounds import BodyBounds, body_bounds
from gateway.transcoding.endpoint import Endpoint, endpoints_of
from service_kit.contract import Contract
from service_kit.contract.pattern_length import longest_match

from tests.examples.contracts import compile_protos, headrace_contract

ENDPOINTS = {(e.method.name, e.http_method): e for e in endpoints_of(headrace_contract())}
CREATE_ORDER = ENDPOINTS["CreateOrder", "POST"]
LONGEST_LINE = {"sku": "\U0001f980" * 64, "quantity": 10_000, "unit_price_minor": 10**12}
LARGEST = {
    "CreateOrder": {"currency": "EUR", "lines": [LONGEST_LINE] * 100},
    "Register": {"email": "a@" + "b." * 20 + "example", "name": "\U0001f980" * 50, "password": "\U0001f980" * 128},
    "Login": {"email": "\U0001f980" * 254, "password": "\U0001f980" * 128},
    "ExtractToken": {"token": "\U0001f980" * 8192},
}


def _escaped(value: Any, indent: int | None) -> bytes:
    """The longest spelling: each character of each string as an escape, and white space around each value."""
    text = json.dumps(value, indent=indent)
    for word in ("currency", "lines", "sku", "quantity", "unit_price_minor", "email", "name", "password", "token"):
        text = text.replace(f'"{word}"', '"' + "".join(f"\\u{ord(letter):04x}" for letter in word) + '"')
    return text.encode()


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_valid_body_fits_in_its_longest_spelling(name: str) -> None:
    endpoint = ENDPOINTS[name, "POST"]
    body = _escaped(LARGEST[name], indent=8)
    most = endpoint.body_bounds.max_bytes
    assert most is not None
    assert len(body) <= most
    endpoint.reader.read({}, b"", [], body)


@pytest.mark.parametrize("name", ["CreateOrder", "ExtractToken"])
def test_the_bound_is_no_more_than_twice_the_largest_body(name: str) -> None:
    most = ENDPOINTS[name, "POST"].body_bounds.max_bytes
    assert most is not None
    assert most < 2 * len(_escaped(LARGEST[name], indent=8))


@pytest.mark.parametrize("binding", [("GetOrder", "GET"), ("ListOrders", "GET"), ("Logout", "DELETE")])
def test_who_takes_no_body_hears_so_of_a_small_one(binding: tuple[str, str]) -> None:
    assert ENDPOINTS[binding].body_bounds.max_bytes == 16 * 1024


def test_one_item_too_many_is_named() -> None:
    line = {"sku": "pen", "quantity": 1, "unit_price_minor": 1}
    with pytest.raises(Problem) as refused:
        CREATE_ORDER.reader.read({}, b"", [], json.dumps({"currency": "EUR", "lines": [line] * 101}).encode())
    assert [(v.field, v.rule) for v in refused.value.violations] == [("lines", "repeated.max_items")]


def test_a_flood_of_small_values_is_refused_before_it_is_decoded() -> None:
    body = b'{"lines":[' + b"{}," * 30_000 + b"{}]}"
    with pytest.raises(Problem) as refused:
        CREATE_ORDER.reader.read({}, b"", [], body)
    assert [(v.field, v.rule) for v in refused.value.violations] == [("body", "json.max_values")]


_PROBE = """
syntax = "proto3";
package probe.v1;
import "buf/validate/validate.proto";
import "google/api/annotations.proto";
import "headrace/v1/policy.proto";

service ProbeService {
  option (headrace.v1.service).upstream = "probe-svc";
  rpc Probe(ProbeRequest) returns (ProbeRequest) {
    option (google.api.http) = {post: "/probe" body: "*"};
    option (headrace.v1.method) = {access: ACCESS_PUBLIC deadline_ms: 1000 rate_class: RATE_CLASS_DEFAULT};
  }
}
message ProbeRequest {
  %s
}
"""


def _probe(folder: Path, field: str) -> Endpoint:
    text = _PROBE % field
    contract = Contract.load(compile_protos(folder, {"probe/v1/probe.proto": text}))
    (endpoint,) = (endpoint for endpoint in endpoints_of(contract) if endpoint.path == "/probe")
    return endpoint


@pytest.mark.parametrize(
    "field",
    [
        "string text = 1;",
        "repeated int64 numbers = 1;",
        "string text = 1 [(buf.validate.field).string.pattern = 'a+'];",
    ],
)
def test_what_the_contract_does_not_bound_has_the_common_limits(tmp_path: Path, field: str) -> None:
    bounds = _probe(tmp_path, field).body_bounds
    assert bounds == BodyBounds(None, None)
    assert bounds.within_bytes(1000) == 1000


async def test_a_long_list_without_bounds_is_read_beside_the_event_loop(tmp_path: Path) -> None:
    reader = _probe(tmp_path, "repeated int64 numbers = 1;").reader
    body = json.dumps({"numbers": list(range(10_000))}).encode()
    assert list((await reader.read_sharing({}, b"", [], body)).numbers) == list(range(10_000))
    with pytest.raises(Problem) as refused:
        await reader.read_sharing({}, b"", [], json.dumps({"numbers": [1] * 30_000}).encode())
    assert refused.value.violations[0].rule == "json.max_values"


@pytest.mark.parametrize(
    ("pattern", "characters"),
    [
        ("^(EUR|USD)$", 3),
        ("^[\\x21-\\x7e]{1,255}$", 255),
        ("^(me|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$", 36),
        ("^a*$", None),
        ("[a-z]{3}", None),
        ("^[a-z]{3}", None),
        ("^a$|^bb$", None),
        ("^\\pL$", None),
    ],
)
def test_the_width_of_patterns(pattern: str, characters: int | None) -> None:
    assert longest_match(pattern) == characters


def test_bounds_are_those_of_each_binding() -> None:
    contract = headrace_contract()
    for method in contract.methods.values():
        for binding in method.bindings:
            assert body_bounds(contract, method, binding).max_bytes
