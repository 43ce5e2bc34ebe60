"""Idempotency-Key on CreateOrder: a repeated request creates one order."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import STYLES, Style
from tests.e2e.orders import order_fields, order_line
from tests.e2e.shapes import assert_invalid, assert_order, assert_problem, assert_success


def create(
    api: Api, style: Style, account: Account, key: str | bytes, fields: dict[str, Any] | None = None
) -> httpx2.Response:
    headers: Any = {"Idempotency-Key": key}
    return api.call("CreateOrder", style, fields or order_fields(), token=account.token, headers=headers)


def order_count(api: Api, account: Account) -> int:
    return len(api.call("ListOrders", fields={"page_size": 100}, token=account.token).json()["orders"])


@pytest.mark.parametrize("again", STYLES, ids=str)
def test_repeated_request_returns_the_first_response(api: Api, style: Style, newcomer: Account, again: Style) -> None:
    key = uuid.uuid4().hex
    first = create(api, style, newcomer, key)
    assert_success(first, 201)
    assert_order(first.json())
    assert first.headers.get("Idempotency-Replayed", "false") == "false"
    second = create(api, again, newcomer, key)
    assert_success(second, 201)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json() == first.json()
    assert second.headers["Location"] == first.headers["Location"]
    assert order_count(api, newcomer) == 1


def test_first_response_is_kept_when_the_order_changes(api: Api, style: Style, newcomer: Account) -> None:
    key = uuid.uuid4().hex
    first = create(api, style, newcomer, key)
    fields = {"order_id": first.json()["order_id"]}
    response = api.call("UpdateOrderStatus", style, {**fields, "status": "cancelled"}, token=newcomer.token)
    assert_success(response, 200)
    assert create(api, style, newcomer, key).json() == first.json()
    assert_success(api.call("DeleteOrder", style, fields, token=newcomer.token), 204)
    assert create(api, style, newcomer, key).json() == first.json()
    assert order_count(api, newcomer) == 0


ALTERED: dict[str, dict[str, Any]] = {
    "currency": order_fields(currency="USD"),
    "quantity": order_fields(lines=[order_line(quantity=3)]),
    "price": order_fields(lines=[order_line(unit_price_minor=151)]),
    "sku": order_fields(lines=[order_line(sku="pen-blu")]),
    "another line": order_fields(lines=[order_line(), order_line()]),
}


@pytest.mark.parametrize("altered", ALTERED.values(), ids=ALTERED)
def test_key_with_another_body_is_refused(api: Api, style: Style, newcomer: Account, altered: dict[str, Any]) -> None:
    key = uuid.uuid4().hex
    assert_success(create(api, style, newcomer, key), 201)
    assert_problem(create(api, style, newcomer, key, altered), 422, "IDEMPOTENCY_KEY_REUSED")
    assert order_count(api, newcomer) == 1


def test_same_key_of_two_users_creates_two_orders(api: Api, style: Style, alice: Account, bob: Account) -> None:
    key = uuid.uuid4().hex
    first, second = (create(api, style, account, key) for account in (alice, bob))
    assert_success(second, 201)
    assert second.headers.get("Idempotency-Replayed", "false") == "false"
    assert second.json()["order_id"] != first.json()["order_id"]
    assert second.json()["user_id"] == bob.user_id


def test_refused_request_does_not_use_its_key(api: Api, style: Style, alice: Account) -> None:
    key = uuid.uuid4().hex
    assert_invalid(create(api, style, alice, key, order_fields(currency="ZZZ")))
    too_much = [order_line(quantity=10_000, unit_price_minor=10**12)]
    assert_invalid(create(api, style, alice, key, order_fields(lines=too_much)), code="ORDER_TOTAL_TOO_LARGE")
    assert_success(create(api, style, alice, key), 201)


def test_keys_are_case_sensitive(api: Api, alice: Account) -> None:
    key = "k" + uuid.uuid4().hex
    first, second = (create(api, Style.SHORT, alice, written).json() for written in (key, key.upper()))
    assert first["order_id"] != second["order_id"]


def test_50_concurrent_requests_with_one_key_create_one_order(api: Api, newcomer: Account) -> None:
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(50) as pool:
        calls = [pool.submit(create, api, style, newcomer, key) for style in STYLES * 25]
    responses = [call.result() for call in calls]
    created = [response for response in responses if response.status_code == 201]
    for response in responses:
        if response.status_code != 201:
            assert_problem(response, 409, "IDEMPOTENCY_KEY_IN_USE")
    assert len({response.json()["order_id"] for response in created}) == 1
    assert [response.headers.get("Idempotency-Replayed", "false") for response in created].count("false") == 1
    assert order_count(api, newcomer) == 1


@pytest.mark.parametrize("key", ["!", "~", "k" * 200, '"quoted"', "a,b;c=d", "%00"], ids=lambda key: key[:9])
def test_key_of_visible_ascii_is_accepted(api: Api, style: Style, newcomer: Account, key: str) -> None:
    assert_success(create(api, style, newcomer, key), 201)
    assert create(api, style, newcomer, key).headers["Idempotency-Replayed"] == "true"


def test_key_of_the_maximum_length_is_accepted(api: Api, style: Style, newcomer: Account) -> None:
    assert_success(create(api, style, newcomer, "k" * 255), 201)
    assert create(api, style, newcomer, "k" * 255).headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    "key", ["", "k" * 256, "a b", "a\tb", "ключ".encode(), "é".encode("latin-1"), b"\xff"], ids=repr
)
def test_invalid_key_is_refused(api: Api, style: Style, newcomer: Account, key: str | bytes) -> None:
    problem = assert_invalid(create(api, style, newcomer, key))
    assert {violation["field"] for violation in problem["violations"]} <= {"idempotency_key", "Idempotency-Key"}
    assert order_count(api, newcomer) == 0
