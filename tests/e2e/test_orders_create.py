"""CreateOrder: the created order, and the limits of its fields."""

from typing import Any

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import Style
from tests.e2e.order_limits import INVALID, TRILLION, VALID, WITHOUT_A_FIELD, one
from tests.e2e.orders import order_fields, order_line
from tests.e2e.shapes import MAX_SAFE_INTEGER, assert_invalid, assert_order, assert_success


def test_create_returns_the_order_and_its_location(api: Api, style: Style, alice: Account) -> None:
    lines = [order_line(), order_line(sku="ink", quantity=3, unit_price_minor=999)]
    response = api.call("CreateOrder", style, {"currency": "SEK", "lines": lines}, token=alice.token)
    assert_success(response, 201)
    order = response.json()
    assert_order(order)
    assert (order["user_id"], order["currency"], order["lines"]) == (alice.user_id, "SEK", lines)
    assert (order["total_minor"], order["status"], order["version"]) == (3297, "processing", 1)
    assert order["created_at"] == order["updated_at"]
    assert response.headers["Location"] == f"/api/v1/orders/{order['order_id']}"
    followed = api.send("GET", response.headers["Location"], token=alice.token)
    assert_success(followed, 200)
    assert followed.json() == order


def test_create_without_a_key_is_never_a_replay(api: Api, style: Style, alice: Account) -> None:
    responses = [api.call("CreateOrder", style, order_fields(), token=alice.token) for _ in range(2)]
    assert len({response.json()["order_id"] for response in responses}) == 2
    for response in responses:
        assert response.headers.get("Idempotency-Replayed", "false") == "false"


@pytest.mark.parametrize("fields", VALID.values(), ids=VALID)
def test_create_accepts_values_at_the_limit(api: Api, style: Style, alice: Account, fields: dict[str, Any]) -> None:
    response = api.call("CreateOrder", style, fields, token=alice.token)
    assert_success(response, 201)
    order = response.json()
    assert_order(order)
    assert (order["currency"], order["lines"]) == (fields["currency"], fields["lines"])
    assert api.call("GetOrder", style, {"order_id": order["order_id"]}, token=alice.token).json() == order


@pytest.mark.parametrize("name", INVALID)
def test_create_refuses_values_beyond_the_limit(api: Api, style: Style, alice: Account, name: str) -> None:
    field, fields = INVALID[name]
    response = api.call("CreateOrder", style, fields, token=alice.token)
    assert_invalid(response, None if name in WITHOUT_A_FIELD else field)


def test_refused_create_stores_nothing(api: Api, newcomer: Account) -> None:
    for _, fields in INVALID.values():
        assert_invalid(api.call("CreateOrder", fields=fields, token=newcomer.token))
    assert api.call("ListOrders", token=newcomer.token).json() == {"orders": [], "next_page_token": ""}


@pytest.mark.parametrize("excess", [1, TRILLION])
def test_create_refuses_a_total_that_json_cannot_represent(api: Api, style: Style, alice: Account, excess: int) -> None:
    whole, rest = divmod(MAX_SAFE_INTEGER + excess, TRILLION)
    lines = [order_line(quantity=whole, unit_price_minor=TRILLION), order_line(quantity=1, unit_price_minor=rest)]
    response = api.call("CreateOrder", style, order_fields(lines=lines), token=alice.token)
    assert_invalid(response, code="ORDER_TOTAL_TOO_LARGE")


def test_create_refuses_the_largest_total_that_the_field_limits_allow(api: Api, style: Style, alice: Account) -> None:
    lines = [order_line(quantity=10_000, unit_price_minor=TRILLION)] * 100
    response = api.call("CreateOrder", style, order_fields(lines=lines), token=alice.token)
    assert_invalid(response, code="ORDER_TOTAL_TOO_LARGE")


def test_integer_written_as_a_float_is_refused_or_read_as_an_integer(api: Api, style: Style, alice: Account) -> None:
    response = api.call("CreateOrder", style, one(quantity=2.0), token=alice.token)
    if response.status_code == 201:
        assert_order(response.json())
    else:
        assert_invalid(response, "lines[0].quantity")
