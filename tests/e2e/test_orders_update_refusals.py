"""UpdateOrderStatus refuses invalid ids, invalid statuses, and two ids."""

from typing import Any

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import UNKNOWN_ID, Style
from tests.e2e.orders import create_order, move, stored
from tests.e2e.shapes import assert_invalid

NO_STATUSES: list[Any] = [
    None,
    "",
    "shipped",
    "unspecified",
    "CANCELLED",
    "ORDER_STATUS_CANCELLED",
    3,
    3.0,
    True,
    ["cancelled"],
    {},
]


@pytest.mark.parametrize("status", NO_STATUSES, ids=repr)
def test_update_refuses_an_invalid_status(api: Api, style: Style, alice: Account, status: Any) -> None:
    order = create_order(api, alice.token)
    assert_invalid(move(api, style, alice.token, order["order_id"], status), "status")
    assert stored(api, alice.token, order["order_id"]) == order


@pytest.mark.parametrize("order_id", [1, None, "", "1", UNKNOWN_ID + "\n", [UNKNOWN_ID]], ids=repr)
def test_update_refuses_an_invalid_id(api: Api, alice: Account, order_id: Any) -> None:
    assert_invalid(move(api, Style.SHORT, alice.token, order_id, "cancelled"), "order_id")


def test_update_refuses_missing_and_unknown_fields(api: Api, style: Style, alice: Account) -> None:
    fields = {"order_id": create_order(api, alice.token)["order_id"]}
    assert_invalid(api.call("UpdateOrderStatus", style, fields, token=alice.token), "status")
    for name in ("version", "expected_version", "reason"):
        response = api.call("UpdateOrderStatus", style, {**fields, "status": "cancelled", name: 1}, token=alice.token)
        assert_invalid(response, name)
    assert_invalid(api.call("UpdateOrderStatus", fields={"status": "done"}, token=alice.token), "order_id")


def test_update_refuses_two_ids(api: Api, alice: Account) -> None:
    first, second = (create_order(api, alice.token) for _ in range(2))
    body = {"order_id": second["order_id"], "status": "cancelled"}
    response = api.send("PATCH", f"/api/v1/orders/{first['order_id']}", json_body=body, token=alice.token)
    assert_invalid(response, "order_id")
    for order in (first, second):
        assert stored(api, alice.token, order["order_id"]) == order
