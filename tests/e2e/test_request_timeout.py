"""A client may say how long it waits, and is not kept for longer."""

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.shapes import assert_invalid, assert_problem, assert_success

HEADER = "Request-Timeout"


def test_an_answer_that_comes_in_time_is_none_the_worse(api: Api, alice: Account) -> None:
    assert_success(api.call("ListOrders", token=alice.token, headers={HEADER: "10.5"}), 200)


def test_time_that_is_over_already_is_told_with_the_policy(api: Api, alice: Account) -> None:
    response = api.call("ListOrders", token=alice.token, headers={HEADER: "0.001"})
    assert_problem(response, 504, "DEADLINE_EXCEEDED")
    assert response.json()["decision"] == {"policy": "deadline", "state": "exceeded"}


@pytest.mark.parametrize("value", ["0", "-1", "soon", "1e9", "86401"])
def test_nonsense_is_refused(api: Api, alice: Account, value: str) -> None:
    assert_invalid(api.call("ListOrders", token=alice.token, headers={HEADER: value}), HEADER)


def test_whoever_asks_for_milliseconds_opens_no_breaker(api: Api, alice: Account) -> None:
    for _ in range(50):
        api.call("ListOrders", token=alice.token, headers={HEADER: "0.004"})
    assert_success(api.call("ListOrders", token=alice.token), 200)
