"""Requests with a cookie alone: allowed and refused origins."""

import httpx2
import pytest

from tests.e2e.accounts import Account, session_cookies
from tests.e2e.api import Api, Headers
from tests.e2e.bindings import Style
from tests.e2e.orders import order_fields
from tests.e2e.running_stack import ALLOWED_ORIGIN
from tests.e2e.shapes import assert_problem, assert_success

FROM_HERE: dict[str, Headers] = {
    "same origin": {"Sec-Fetch-Site": "same-origin"},
    "typed in": {"Sec-Fetch-Site": "none"},
    "an old browser of an allowed origin": {"Origin": ALLOWED_ORIGIN},
    "an allowed origin of another site": {"Sec-Fetch-Site": "cross-site", "Origin": ALLOWED_ORIGIN},
}
FROM_ELSEWHERE: dict[str, Headers] = {
    "no word": {},
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a sibling": {"Sec-Fetch-Site": "same-site"},
    "a sibling's origin": {"Sec-Fetch-Site": "same-site", "Origin": "https://blog.example"},
    "another origin": {"Origin": "https://evil.example"},
    "another site and origin": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    "null": {"Origin": "null"},
    "the allowed origin with a tail": {"Origin": ALLOWED_ORIGIN + ".evil.example"},
    "the allowed origin on another port": {"Origin": ALLOWED_ORIGIN + ":8443"},
    "the allowed origin without TLS": {"Origin": "http://app.example"},
    "rubbish": {"Sec-Fetch-Site": "rubbish", "Origin": "rubbish"},
}


def create(api: Api, style: Style, cookie: str, headers: Headers) -> httpx2.Response:
    return api.call("CreateOrder", style, order_fields(), headers={"Cookie": cookie, **headers})


@pytest.mark.parametrize("headers", FROM_HERE.values(), ids=FROM_HERE)
def test_write_with_a_cookie_from_the_same_site_is_accepted(
    api: Api, style: Style, newcomer: Account, headers: Headers
) -> None:
    assert_success(create(api, style, newcomer.cookie, headers), 201)


@pytest.mark.parametrize("headers", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
def test_write_with_a_cookie_from_another_site_is_refused(
    api: Api, style: Style, newcomer: Account, headers: Headers
) -> None:
    response = create(api, style, newcomer.cookie, headers)
    assert_problem(response, 403, "CROSS_SITE_REQUEST")
    assert not session_cookies(response)
    listed = api.call("ListOrders", headers={"Cookie": newcomer.cookie})
    assert listed.json()["orders"] == []


@pytest.mark.parametrize("rpc", ["Logout", "DeleteUser", "ExtractToken"])
def test_every_unsafe_method_is_refused_from_another_site(api: Api, style: Style, newcomer: Account, rpc: str) -> None:
    headers = {"Cookie": newcomer.cookie, "Origin": "https://evil.example"}
    assert_problem(api.call(rpc, style, headers=headers), 403, "CROSS_SITE_REQUEST")
    assert_success(api.call("GetUser", headers={"Cookie": newcomer.cookie}), 200)


@pytest.mark.parametrize("headers", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
def test_read_with_a_cookie_from_another_site_is_accepted(
    api: Api, style: Style, newcomer: Account, headers: Headers
) -> None:
    response = api.call("ListOrders", style, headers={"Cookie": newcomer.cookie, **headers})
    assert_success(response, 200)


def test_write_with_a_valid_token_from_another_site_is_accepted(api: Api, style: Style, newcomer: Account) -> None:
    headers = {"Cookie": newcomer.cookie, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert_success(api.call("CreateOrder", style, order_fields(), token=newcomer.token, headers=headers), 201)


def test_write_with_an_expired_token_and_the_cookie_is_accepted(
    renewing_api: Api, style: Style, expired_account: Account
) -> None:
    headers = {"Cookie": expired_account.cookie, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    response = renewing_api.call("CreateOrder", style, order_fields(), token=expired_account.token, headers=headers)
    assert_success(response, 201)
    assert session_cookies(response)
