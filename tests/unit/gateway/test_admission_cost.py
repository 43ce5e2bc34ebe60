"""No request keeps the event loop for long before it is identified, limited and validated (docs/security.md)."""

import pytest

from tests.examples.contracts import headrace_contract
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


def test_all_are_answered_and_none_by_an_error_of_the_gateway(costs: list[Cost]) -> None:
    assert {cost.status for cost in costs} <= {200, 400, 401, 403, 404, 412, 415, 503}
    assert {cost.request.form for cost in costs} >= set(BODIES)
