"""Request-Timeout: a client may limit how long it waits."""

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.shapes import assert_invalid, assert_problem, assert_success

HEADER = "Request-Timeout"


def test_response_within_the_requested_timeout_is_unchanged(api: Api, alice: Account) -> None:
    assert_success(api.call("ListOrders", token=alice.token, headers={HEADER: "10.5"}), 200)


@pytest.mark.parametrize("method", ["ListOrders", "GetUser", "ListSessions"])
def test_request_times_out_after_the_requested_time(api: Api, alice: Account, method: str) -> None:
    response = api.call(method, token=alice.token, headers={HEADER: "0.001"})
    assert_problem(response, 408, "CLIENT_TIMEOUT")


@pytest.mark.parametrize("value", ["0", "-1", "soon", "1e9", "86401"])
def test_invalid_request_timeout_is_refused(api: Api, alice: Account, value: str) -> None:
    assert_invalid(api.call("ListOrders", token=alice.token, headers={HEADER: value}), HEADER)


def test_requested_timeouts_of_milliseconds_open_no_breaker(api: Api, alice: Account) -> None:
    for _ in range(50):
        api.call("ListOrders", token=alice.token, headers={HEADER: "0.004"})
    assert_success(api.call("ListOrders", token=alice.token), 200)
