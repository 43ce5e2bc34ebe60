"""No request keeps the event loop for long before it is identified, limited and validated (docs/security.md)."""

from pathlib import Path

import pytest
from service_kit.contract import Contract

from tests.examples.contracts import compile_protos, headrace_contract
from tests.examples.hostile_requests import BODIES
from tests.running.admission_cost import Cost, costs_of, reference_s


@pytest.fixture(scope="module")
def costs() -> list[Cost]:
    return costs_of(headrace_contract())


def test_no_step_takes_longer_than_its_limit(costs: list[Cost]) -> None:
    limit_s = reference_s()
    too_long = [
        f"{cost.request.kind}, {cost.request.form}: {cost.step_s / limit_s:.0%} of the limit"
        for cost in costs
        if cost.step_s > limit_s
    ]
    assert too_long == []


def test_hostile_requests_are_answered_without_an_error_of_the_gateway(costs: list[Cost]) -> None:
    assert {cost.status for cost in costs} <= {200, 400, 401, 403, 404, 412, 415, 503}
    assert {cost.request.form for cost in costs} >= set(BODIES)


_UNBOUNDED = """
syntax = "proto3";
package probe.v1;
import "google/api/annotations.proto";
import "headrace/v1/policy.proto";
// Probes.
service ProbeService {
  option (headrace.v1.service).upstream = "probe-svc";
  // Probes.
  rpc Probe(ProbeRequest) returns (ProbeResponse) {
    option (google.api.http) = { post: "/probe" body: "*" };
    option (headrace.v1.method) = { access: ACCESS_PUBLIC deadline_ms: 500 };
  }
}
message Line { string sku = 1; int64 quantity = 2; }
message ProbeRequest { repeated int64 a = 1; string currency = 2; repeated Line lines = 3; string email = 4; }
message ProbeResponse {}
"""


def test_no_step_takes_longer_than_its_limit_without_bounds_in_the_contract(tmp_path: Path) -> None:
    contract = Contract.load(compile_protos(tmp_path, {"probe/v1/probe.proto": _UNBOUNDED}))
    costs = costs_of(contract, only="Probe")
    assert len(costs) == len(BODIES)
    limit_s = reference_s()
    assert [cost.request.form for cost in costs if cost.step_s > limit_s] == []
