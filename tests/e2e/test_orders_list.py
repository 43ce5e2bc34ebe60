"""ListOrders: keyset pages, newest first, stable while orders are added."""

from typing import Any

import pytest

from tests.e2e.accounts import Account, register
from tests.e2e.api import Api
from tests.e2e.bindings import UNKNOWN_ID, Style
from tests.e2e.orders import create_order, order_line
from tests.e2e.shapes import assert_invalid, assert_order, assert_problem, assert_success


def page(api: Api, token: str, style: Style = Style.SHORT, **fields: Any) -> dict[str, Any]:
    response = api.call("ListOrders", style, fields, token=token)
    assert_success(response, 200)
    body: dict[str, Any] = response.json()
    assert set(body) == {"orders", "next_page_token"}
    assert isinstance(body["next_page_token"], str)
    return body


def ids(body: dict[str, Any]) -> list[str]:
    return [order["order_id"] for order in body["orders"]]


@pytest.fixture(scope="session")
def customer(api: Api) -> tuple[Account, list[str]]:
    """A user with 25 orders, newest first, that no test changes."""
    account = register(api)
    return account, [create_order(api, account.token)["order_id"] for _ in range(25)][::-1]


def test_list_of_a_new_user_is_empty(api: Api, style: Style, newcomer: Account) -> None:
    assert page(api, newcomer.token, style) == {"orders": [], "next_page_token": ""}


def test_list_shows_the_20_newest_orders_by_default(
    api: Api, style: Style, customer: tuple[Account, list[str]]
) -> None:
    account, newest_first = customer
    first = page(api, account.token, style)
    assert ids(first) == newest_first[:20]
    for order in first["orders"]:
        assert_order(order)
        assert order["user_id"] == account.user_id
    second = page(api, account.token, style, page_token=first["next_page_token"])
    assert ids(second) == newest_first[20:]
    assert second["next_page_token"] == ""


@pytest.mark.parametrize("page_size", [1, 7, 24, 25, 26, 100])
def test_pages_contain_each_order_once(
    api: Api, style: Style, customer: tuple[Account, list[str]], page_size: int
) -> None:
    account, newest_first = customer
    seen: list[str] = []
    body = page(api, account.token, style, page_size=page_size)
    while True:
        assert len(body["orders"]) <= page_size
        seen += ids(body)
        if not body["next_page_token"]:
            break
        assert len(body["orders"]) == page_size
        body = page(api, account.token, style, page_size=page_size, page_token=body["next_page_token"])
    assert seen == newest_first


def test_page_of_large_orders_ends_early(api: Api, style: Style, newcomer: Account) -> None:
    lines = [order_line(sku=f"{number:064}") for number in range(100)]
    newest_first = [create_order(api, newcomer.token, lines=lines)["order_id"] for _ in range(25)][::-1]
    response = api.call("ListOrders", style, {"page_size": 100}, token=newcomer.token)
    assert 192 * 1024 < len(response.content) <= 256 * 1024
    first = response.json()
    assert len(first["orders"]) < 25
    second = page(api, newcomer.token, style, page_size=100, page_token=first["next_page_token"])
    assert ids(first) + ids(second) == newest_first
    assert second["next_page_token"] == ""


def test_pages_are_stable_while_orders_are_added(api: Api, style: Style, newcomer: Account) -> None:
    before = [create_order(api, newcomer.token)["order_id"] for _ in range(4)][::-1]
    first = page(api, newcomer.token, style, page_size=2)
    added = create_order(api, newcomer.token)["order_id"]
    second = page(api, newcomer.token, style, page_size=2, page_token=first["next_page_token"])
    assert ids(first) + ids(second) == before
    assert ids(page(api, newcomer.token, style, page_size=1)) == [added]


def test_list_is_filtered_by_status(api: Api, style: Style, newcomer: Account) -> None:
    orders = [create_order(api, newcomer.token)["order_id"] for _ in range(3)]
    fields = {"order_id": orders[1], "status": "cancelled"}
    assert_success(api.call("UpdateOrderStatus", style, fields, token=newcomer.token), 200)
    assert ids(page(api, newcomer.token, style, status="cancelled")) == [orders[1]]
    assert ids(page(api, newcomer.token, style, status="processing")) == [orders[2], orders[0]]
    assert ids(page(api, newcomer.token, style, status="done")) == []


def test_status_filter_applies_to_all_pages(api: Api, newcomer: Account) -> None:
    orders = [create_order(api, newcomer.token)["order_id"] for _ in range(3)]
    api.call("UpdateOrderStatus", fields={"order_id": orders[1], "status": "cancelled"}, token=newcomer.token)
    first = page(api, newcomer.token, status="processing", page_size=1)
    rest = page(api, newcomer.token, status="processing", page_size=2, page_token=first["next_page_token"])
    assert ids(first) + ids(rest) == [orders[2], orders[0]]


def test_user_may_list_own_orders_only(
    api: Api, style: Style, customer: tuple[Account, list[str]], bob: Account
) -> None:
    account, newest_first = customer
    assert ids(page(api, account.token, style, user_id=account.user_id)) == newest_first[:20]
    for user_id in (account.user_id, UNKNOWN_ID):
        response = api.call("ListOrders", style, {"user_id": user_id}, token=bob.token)
        assert_problem(response, 404, "USER_NOT_FOUND")


def test_administrator_may_list_orders_of_any_user(
    api: Api, style: Style, customer: tuple[Account, list[str]], admin: Account
) -> None:
    account, newest_first = customer
    assert ids(page(api, admin.token, style, user_id=account.user_id, page_size=100)) == newest_first
    assert all(order["user_id"] == admin.user_id for order in page(api, admin.token, style)["orders"])


def test_page_token_of_another_user_discloses_nothing(
    api: Api, style: Style, customer: tuple[Account, list[str]], newcomer: Account
) -> None:
    page_token = page(api, customer[0].token, style, page_size=2)["next_page_token"]
    response = api.call("ListOrders", style, {"page_token": page_token}, token=newcomer.token)
    if response.status_code == 200:
        assert response.json()["orders"] == []
    else:
        assert_invalid(response, code="PAGE_TOKEN_INVALID")


@pytest.mark.parametrize("index", range(0, 40, 7))
def test_list_refuses_a_changed_page_token(api: Api, customer: tuple[Account, list[str]], index: int) -> None:
    page_token = page(api, customer[0].token, page_size=2)["next_page_token"]
    changed = page_token[:index] + "~" + page_token[index + 1 :]
    assert_problem(api.call("ListOrders", fields={"page_token": changed}, token=customer[0].token), 400)
