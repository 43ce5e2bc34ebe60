"""If-Match on UpdateOrderStatus: whoever names a version must name the one that the order has."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import Style
from tests.e2e.orders import create_order, move, stored
from tests.e2e.shapes import assert_problem, assert_success


def test_the_version_named_must_be_the_orders(api: Api, style: Style, alice: Account) -> None:
    order_id = create_order(api, alice.token)["order_id"]
    stale = move(api, style, alice.token, order_id, "cancelled", headers={"If-Match": '"2"'})
    assert_problem(stale, 412, "VERSION_MISMATCH")
    assert stored(api, alice.token, order_id)["version"] == 1
    assert_success(move(api, style, alice.token, order_id, "cancelled", headers={"If-Match": '"1"'}), 200)
    stale = move(api, style, alice.token, order_id, "cancelled", headers={"If-Match": '"1"'})
    assert_problem(stale, 412, "VERSION_MISMATCH")


def test_an_etag_is_an_if_match(api: Api, style: Style, alice: Account) -> None:
    order_id = create_order(api, alice.token)["order_id"]
    etag = api.call("GetOrder", style, {"order_id": order_id}, token=alice.token).headers["ETag"]
    assert_success(move(api, style, alice.token, order_id, "cancelled", headers={"If-Match": etag}), 200)


NO_VERSIONS = [
    "",
    "1",
    '"',
    '""',
    '"x"',
    '"0"',
    '"-1"',
    '"1.0"',
    '"+1"',
    '" 1"',
    '"1',
    '1"',
    "'1'",
    'W/"1"',
    '"1", "2"',
]


@pytest.mark.parametrize("value", [*NO_VERSIONS, f'"{2**53}"', f'"{2**63}"', f'"{"9" * 40}"', '"1_0"'])
def test_refuses_what_names_no_version(api: Api, style: Style, alice: Account, value: str) -> None:
    order = create_order(api, alice.token)
    response = move(api, style, alice.token, order["order_id"], "cancelled", headers={"If-Match": value})
    assert_problem(response, response.status_code)
    assert response.status_code in {400, 412}
    assert stored(api, alice.token, order["order_id"]) == order


def test_one_of_many_moves_at_once_wins(api: Api, alice: Account) -> None:
    order_id = create_order(api, alice.token)["order_id"]
    headers = {"If-Match": '"1"'}
    with ThreadPoolExecutor(20) as pool:
        calls = [
            pool.submit(move, api, style, alice.token, order_id, "cancelled", headers=headers)
            for style in list(Style) * 10
        ]
    statuses = sorted(call.result().status_code for call in calls)
    assert statuses == [200] + [412] * 19
    assert stored(api, alice.token, order_id)["version"] == 2
