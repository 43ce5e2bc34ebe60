"""GetOrder: users see their own orders, administrators any order."""

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import UNKNOWN_ID, Style
from tests.e2e.orders import create_order
from tests.e2e.shapes import assert_invalid, assert_order, assert_problem, assert_success

NO_ORDER_IDS = ["1", "me", "", UNKNOWN_ID[:-1], UNKNOWN_ID + "0", UNKNOWN_ID + "\n", "x\x00", "%", "ä", "z" * 5000]


def test_get_returns_the_order_with_its_version(api: Api, style: Style, alice: Account) -> None:
    order = create_order(api, alice.token)
    response = api.call("GetOrder", style, {"order_id": order["order_id"]}, token=alice.token)
    assert_success(response, 200)
    assert_order(response.json())
    assert response.json() == order
    assert response.headers["ETag"] == '"1"'


def test_get_of_another_users_order_is_not_found(api: Api, style: Style, alice: Account, bob: Account) -> None:
    order = create_order(api, alice.token)
    fields = {"order_id": order["order_id"]}
    foreign = assert_problem(api.call("GetOrder", style, fields, token=bob.token), 404, "ORDER_NOT_FOUND")
    missing = api.call("GetOrder", style, {"order_id": UNKNOWN_ID}, token=bob.token)
    assert foreign.keys() == assert_problem(missing, 404, "ORDER_NOT_FOUND").keys()


def test_administrator_gets_the_order_of_a_user(api: Api, style: Style, alice: Account, admin: Account) -> None:
    order = create_order(api, alice.token)
    response = api.call("GetOrder", style, {"order_id": order["order_id"]}, token=admin.token)
    assert_success(response, 200)
    assert response.json() == order


@pytest.mark.parametrize("order_id", NO_ORDER_IDS)
def test_get_refuses_an_invalid_id_in_the_query(api: Api, alice: Account, order_id: str) -> None:
    assert_invalid(api.call("GetOrder", Style.SHORT, {"order_id": order_id}, token=alice.token), "order_id")


@pytest.mark.parametrize("order_id", [order_id for order_id in NO_ORDER_IDS if order_id])
def test_get_refuses_an_invalid_id_in_the_path(api: Api, alice: Account, order_id: str) -> None:
    assert_invalid(api.call("GetOrder", Style.RESOURCE, {"order_id": order_id}, token=alice.token), "order_id")


def test_get_refuses_a_missing_id(api: Api, alice: Account) -> None:
    assert_invalid(api.call("GetOrder", Style.SHORT, token=alice.token), "order_id")


def test_get_refuses_unknown_query_parameters(api: Api, style: Style, alice: Account) -> None:
    order = create_order(api, alice.token)
    fields = {"order_id": order["order_id"], "expand": "lines"}
    assert_invalid(api.call("GetOrder", style, fields, token=alice.token), "expand")


def test_get_refuses_two_ids(api: Api, alice: Account) -> None:
    first, second = (create_order(api, alice.token)["order_id"] for _ in range(2))
    path = f"/api/orders/info?order_id={first}&order_id={second}"
    assert_invalid(api.send("GET", path, token=alice.token), "order_id")
    path = f"/api/v1/orders/{first}?order_id={second}"
    assert_invalid(api.send("GET", path, token=alice.token), "order_id")
