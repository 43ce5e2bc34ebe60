"""UpdateOrderStatus: transitions, access rules and versions."""

from itertools import product

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import UNKNOWN_ID, Style
from tests.e2e.orders import create_order, move, stored
from tests.e2e.shapes import assert_order, assert_problem, assert_success


def test_owner_cancels_an_order(api: Api, style: Style, alice: Account) -> None:
    order = create_order(api, alice.token)
    response = move(api, style, alice.token, order["order_id"], "cancelled")
    assert_success(response, 200)
    changed = response.json()
    assert_order(changed)
    assert response.headers["ETag"] == '"2"'
    assert (changed["status"], changed["version"]) == ("cancelled", 2)
    unchanged = order.keys() - {"status", "version", "updated_at"}
    assert {name: changed[name] for name in unchanged} == {name: order[name] for name in unchanged}
    assert changed["updated_at"] > order["updated_at"]
    assert stored(api, alice.token, order["order_id"]) == changed


@pytest.mark.parametrize("status", ["done", "processing"])
def test_owner_may_only_cancel(api: Api, style: Style, alice: Account, status: str) -> None:
    order = create_order(api, alice.token)
    response = move(api, style, alice.token, order["order_id"], status)
    if status == "done":
        assert_problem(response, 403, "ACCESS_DENIED")
    else:
        assert_problem(response, response.status_code)
        assert response.status_code in {403, 409}
    assert stored(api, alice.token, order["order_id"]) == order


@pytest.mark.parametrize(
    "moves", list(product(["done", "cancelled"], ["processing", "done", "cancelled"])), ids="-".join
)
def test_final_status_cannot_change(
    api: Api, style: Style, alice: Account, admin: Account, moves: tuple[str, str]
) -> None:
    first, second = moves
    order_id = create_order(api, alice.token)["order_id"]
    changed = move(api, style, admin.token, order_id, first)
    assert_success(changed, 200)
    response = move(api, style, admin.token, order_id, second)
    assert_problem(response, 409, "ORDER_TRANSITION_NOT_ALLOWED")
    assert stored(api, alice.token, order_id) == changed.json()


def test_change_to_processing_is_refused(api: Api, style: Style, alice: Account, admin: Account) -> None:
    order_id = create_order(api, alice.token)["order_id"]
    response = move(api, style, admin.token, order_id, "processing")
    assert_problem(response, 409, "ORDER_TRANSITION_NOT_ALLOWED")


def test_second_cancel_is_refused(api: Api, style: Style, alice: Account) -> None:
    order_id = create_order(api, alice.token)["order_id"]
    assert_success(move(api, style, alice.token, order_id, "cancelled"), 200)
    response = move(api, style, alice.token, order_id, "cancelled")
    assert_problem(response, 409, "ORDER_TRANSITION_NOT_ALLOWED")


@pytest.mark.parametrize("status", ["cancelled", "done"])
def test_update_of_another_users_order_is_not_found(
    api: Api, style: Style, alice: Account, bob: Account, status: str
) -> None:
    order = create_order(api, alice.token)
    for order_id in (order["order_id"], UNKNOWN_ID):
        assert_problem(move(api, style, bob.token, order_id, status), 404, "ORDER_NOT_FOUND")
    assert stored(api, alice.token, order["order_id"]) == order
