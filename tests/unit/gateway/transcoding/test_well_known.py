"""Fields that are messages in protobuf and something simpler in JSON, in a contract that has them everywhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from gateway.problems import Problem
from gateway.transcoding.endpoint import Endpoint, endpoints_of
from service_kit.contract import Contract, ContractError

from tests.examples.contracts import compile_protos

_PROTO = """syntax = "proto3";
package probe.v1;
import "google/api/annotations.proto";
import "google/protobuf/timestamp.proto";
import "headrace/v1/policy.proto";
service ProbeService {{
  option (headrace.v1.service).upstream = "probe-svc";
  // Probes.
  rpc Probe(ProbeRequest) returns (ProbeResponse) {{
    option (google.api.http) = {{ {http} }};
    option (headrace.v1.method) = {{ access: ACCESS_USER deadline_ms: 500 }};
  }}
}}
message Inner {{ google.protobuf.Timestamp at = 1; }}
message ProbeRequest {{ {request} }}
message ProbeResponse {{ {response} }}
"""
_POST = 'post: "/probe" body: "*"'
_GET = 'get: "/probe"'
_TIMES = "google.protobuf.Timestamp at = 1; repeated google.protobuf.Timestamp all = 2; Inner inner = 3;"
_NOON = "2026-11-23T12:00:00Z"


def _endpoint(folder: Path, request: str = "", response: str = "", http: str = _POST) -> Endpoint:
    text = _PROTO.format(request=request, response=response, http=http)
    (endpoint,) = (
        endpoint
        for endpoint in endpoints_of(Contract.load(compile_protos(folder, {"probe/v1/probe.proto": text})))
        if endpoint.path == "/probe"
    )
    return endpoint


def _read(endpoint: Endpoint, body: Any) -> Any:
    return endpoint.reader.read({}, b"", [], json.dumps(body).encode())


def test_times_in_a_body(tmp_path: Path) -> None:
    endpoint = _endpoint(tmp_path, _TIMES)
    message = _read(endpoint, {"at": "1970-01-01T00:00:00Z", "all": [_NOON, _NOON], "inner": {"at": _NOON}})
    assert message.HasField("at")
    assert [time.seconds for time in message.all] == [1_795_435_200] * 2
    assert message.inner.at.seconds == 1_795_435_200

    with pytest.raises(Problem) as refused:
        _read(endpoint, {"at": 1_795_435_200, "all": [_NOON, "noon"], "inner": {"at": "0000-01-01T00:00:00Z"}})
    assert {(violation.field, violation.rule) for violation in refused.value.violations} == {
        ("at", "json.type"),
        ("all[1]", "timestamp.format"),
        ("inner.at", "timestamp.range"),
    }


def test_maps_in_an_answer(tmp_path: Path) -> None:
    endpoint = _endpoint(tmp_path, response="map<string, Inner> inner = 1; map<string, int64> counts = 2;")
    message = endpoint.method.response_class(counts={"b": 2, "a": 1})
    message.inner["x"].at.seconds = 1_795_435_200
    answer = {"inner": {"x": {"at": _NOON}}, "counts": {"a": 1, "b": 2}}
    assert json.loads(endpoint.writer.write(message).body) == answer


@pytest.mark.parametrize(
    "changes",
    [
        {"request": "map<string, string> labels = 1;"},
        {"request": "map<string, string> labels = 1;", "http": _GET},
        {"request": "Inner inner = 1;", "http": _GET},
        {"response": "map<int32, string> names = 1;"},
    ],
    ids=str,
)
def test_what_has_no_form_does_not_load(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(ContractError, match="no form for"):
        _endpoint(tmp_path, **changes)
