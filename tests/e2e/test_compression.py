"""Gzip for clients that accept it, but never for responses with a secret."""

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import Style
from tests.e2e.orders import create_order, order_fields, order_line
from tests.e2e.shapes import assert_invalid


def test_long_response_is_compressed(api: Api, style: Style, alice: Account) -> None:
    lines = [order_line(sku=f"sku-{number}") for number in range(100)]
    order = create_order(api, alice.token, **order_fields(lines=lines))
    fields = {"order_id": order["order_id"]}
    response = api.call("GetOrder", style, fields, token=alice.token, headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert "accept-encoding" in response.headers["Vary"].lower()
    assert response.json() == order


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br", "", "deflate, gzip; q=0.0"])
def test_response_is_not_compressed_unless_gzip_is_accepted(api: Api, accepted: str) -> None:
    response = api.send("GET", "/openapi.json", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response.headers
    assert response.json()["openapi"]


def test_response_with_a_token_is_never_compressed(api: Api, style: Style, alice: Account) -> None:
    fields = {"email": alice.email, "password": alice.password}
    response = api.call("Login", style, fields, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers


def test_response_with_a_new_session_key_is_never_compressed(api: Api, newcomer: Account) -> None:
    lines = [order_line(sku=f"sku-{number}") for number in range(100)]
    order = create_order(api, newcomer.token, **order_fields(lines=lines))
    headers = {"Accept-Encoding": "gzip", "Cookie": newcomer.cookie}
    response = api.call("GetOrder", fields={"order_id": order["order_id"]}, headers=headers)
    assert response.headers["X-Access-Token"]
    assert "Content-Encoding" not in response.headers
    assert response.json() == order


def test_problem_with_a_new_session_key_is_never_compressed(api: Api, newcomer: Account) -> None:
    fields = order_fields(lines=[order_line(quantity=0) for _ in range(100)])
    headers = {"Accept-Encoding": "gzip", "Cookie": newcomer.cookie, "Sec-Fetch-Site": "same-origin"}
    response = api.call("CreateOrder", fields=fields, headers=headers)
    assert_invalid(response)
    assert len(response.content) > 1024
    assert response.headers["X-Access-Token"]
    assert "Content-Encoding" not in response.headers
