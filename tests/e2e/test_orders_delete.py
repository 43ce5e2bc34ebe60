"""DeleteOrder: users delete their own orders, administrators any order."""

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import UNKNOWN_ID, Style
from tests.e2e.orders import create_order
from tests.e2e.shapes import assert_invalid, assert_problem, assert_success


def test_owner_deletes_an_order(api: Api, style: Style, newcomer: Account) -> None:
    kept, order = (create_order(api, newcomer.token) for _ in range(2))
    fields = {"order_id": order["order_id"]}
    assert_success(api.call("DeleteOrder", style, fields, token=newcomer.token), 204)
    assert_problem(api.call("GetOrder", style, fields, token=newcomer.token), 404, "ORDER_NOT_FOUND")
    assert api.call("ListOrders", token=newcomer.token).json()["orders"] == [kept]
    assert_problem(api.call("DeleteOrder", style, fields, token=newcomer.token), 404, "ORDER_NOT_FOUND")


@pytest.mark.parametrize("status", ["done", "cancelled"])
def test_final_order_can_be_deleted(api: Api, alice: Account, admin: Account, status: str) -> None:
    fields = {"order_id": create_order(api, alice.token)["order_id"]}
    assert_success(api.call("UpdateOrderStatus", fields={**fields, "status": status}, token=admin.token), 200)
    assert_success(api.call("DeleteOrder", fields=fields, token=alice.token), 204)


def test_status_of_a_deleted_order_cannot_change(api: Api, style: Style, alice: Account) -> None:
    fields = {"order_id": create_order(api, alice.token)["order_id"]}
    assert_success(api.call("DeleteOrder", style, fields, token=alice.token), 204)
    response = api.call("UpdateOrderStatus", style, {**fields, "status": "cancelled"}, token=alice.token)
    assert_problem(response, 404, "ORDER_NOT_FOUND")


def test_delete_of_another_users_order_is_not_found(api: Api, style: Style, alice: Account, bob: Account) -> None:
    order = create_order(api, alice.token)
    for order_id in (order["order_id"], UNKNOWN_ID):
        response = api.call("DeleteOrder", style, {"order_id": order_id}, token=bob.token)
        assert_problem(response, 404, "ORDER_NOT_FOUND")
    assert api.call("GetOrder", fields={"order_id": order["order_id"]}, token=alice.token).json() == order


def test_administrator_deletes_the_order_of_a_user(api: Api, style: Style, alice: Account, admin: Account) -> None:
    fields = {"order_id": create_order(api, alice.token)["order_id"]}
    assert_success(api.call("DeleteOrder", style, fields, token=admin.token), 204)
    assert_problem(api.call("GetOrder", fields=fields, token=alice.token), 404, "ORDER_NOT_FOUND")


@pytest.mark.parametrize("order_id", ["1", UNKNOWN_ID[:-1], UNKNOWN_ID + "\n", "x\x00"])
def test_delete_refuses_an_invalid_id(api: Api, style: Style, alice: Account, order_id: str) -> None:
    assert_invalid(api.call("DeleteOrder", style, {"order_id": order_id}, token=alice.token), "order_id")


def test_delete_refuses_missing_and_unknown_parameters(api: Api, alice: Account) -> None:
    assert_invalid(api.call("DeleteOrder", token=alice.token), "order_id")
    fields = {"order_id": create_order(api, alice.token)["order_id"]}
    for style in Style:
        assert_invalid(api.call("DeleteOrder", style, {**fields, "force": "1"}, token=alice.token), "force")
    assert_success(api.call("GetOrder", fields=fields, token=alice.token), 200)
