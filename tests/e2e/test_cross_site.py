"""What a browser may do with the cookie alone, from where."""

import httpx2
import pytest

from tests.e2e.accounts import Account, register, session_cookies
from tests.e2e.api import Api, Headers
from tests.e2e.bindings import Style
from tests.e2e.orders import order_fields
from tests.e2e.shapes import assert_problem, assert_success

pytestmark = pytest.mark.xdist_group("renewing")

ALLOWED = "https://app.example"

FROM_HERE: dict[str, Headers] = {
    "same origin": {"Sec-Fetch-Site": "same-origin"},
    "typed in": {"Sec-Fetch-Site": "none"},
    "an old browser of an allowed origin": {"Origin": ALLOWED},
    "an allowed origin of another site": {"Sec-Fetch-Site": "cross-site", "Origin": ALLOWED},
}
FROM_ELSEWHERE: dict[str, Headers] = {
    "no word": {},
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a sibling": {"Sec-Fetch-Site": "same-site"},
    "another origin": {"Origin": "https://evil.example"},
    "another site and origin": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    "null": {"Origin": "null"},
    "the allowed origin with a tail": {"Origin": ALLOWED + ".evil.example"},
    "the allowed origin on another port": {"Origin": ALLOWED + ":8443"},
    "the allowed origin without TLS": {"Origin": "http://app.example"},
    "rubbish": {"Sec-Fetch-Site": "rubbish", "Origin": "rubbish"},
}


@pytest.fixture
def visitor(renewing_api: Api) -> Account:
    return register(renewing_api)


def create(api: Api, style: Style, cookie: str, headers: Headers) -> httpx2.Response:
    return api.call("CreateOrder", style, order_fields(), headers={"Cookie": cookie, **headers})


@pytest.mark.parametrize("headers", FROM_HERE.values(), ids=FROM_HERE)
def test_a_write_from_here_is_done(renewing_api: Api, style: Style, visitor: Account, headers: Headers) -> None:
    assert_success(create(renewing_api, style, visitor.cookie, headers), 201)


@pytest.mark.parametrize("headers", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
def test_a_write_from_elsewhere_is_refused(renewing_api: Api, style: Style, visitor: Account, headers: Headers) -> None:
    response = create(renewing_api, style, visitor.cookie, headers)
    assert_problem(response, 403, "CROSS_SITE_REQUEST")
    assert not session_cookies(response)
    listed = renewing_api.call("ListOrders", headers={"Cookie": visitor.cookie})
    assert listed.json()["orders"] == []


@pytest.mark.parametrize("rpc", ["Logout", "DeleteUser", "ExtractToken"])
def test_every_unsafe_method_is_guarded(renewing_api: Api, style: Style, visitor: Account, rpc: str) -> None:
    headers = {"Cookie": visitor.cookie, "Origin": "https://evil.example"}
    assert_problem(renewing_api.call(rpc, style, headers=headers), 403, "CROSS_SITE_REQUEST")
    assert_success(renewing_api.call("GetUser", headers={"Cookie": visitor.cookie}), 200)


@pytest.mark.parametrize("headers", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
def test_reading_is_free(renewing_api: Api, style: Style, visitor: Account, headers: Headers) -> None:
    response = renewing_api.call("ListOrders", style, headers={"Cookie": visitor.cookie, **headers})
    assert_success(response, 200)


def test_a_valid_token_passes(api: Api, style: Style, newcomer: Account) -> None:
    headers = {"Cookie": newcomer.cookie, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert_success(api.call("CreateOrder", style, order_fields(), token=newcomer.token, headers=headers), 201)


def test_an_expired_token_passes(renewing_api: Api, style: Style, expired_account: Account) -> None:
    account = expired_account
    headers = {"Authorization": f"Bearer {account.token}", "Sec-Fetch-Site": "cross-site"}
    assert_success(create(renewing_api, style, account.cookie, headers), 201)
