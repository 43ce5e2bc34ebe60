"""The hybrid flow: an access token that has expired, or none, and a session cookie that stands in for it.

Runs on a stack of its own whose access tokens live for seconds and have no leeway.
"""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.e2e.accounts import Account, session_cookie, session_cookies
from tests.e2e.api import Api
from tests.e2e.bindings import STYLES, UNKNOWN_ID, Style
from tests.e2e.orders import order_fields
from tests.e2e.shapes import assert_problem, assert_session_cookie, assert_success

pytestmark = pytest.mark.xdist_group("renewing")


def assert_renewed(response: httpx2.Response) -> str:
    """The new session cookie of a response that renewed the session."""
    (cookie,) = session_cookies(response)
    assert_session_cookie(cookie)
    assert response.headers["X-Access-Token"].count(".") == 2
    assert int(response.headers["X-Access-Token-Expires-In"]) > 0
    assert response.headers["Cache-Control"] == "no-store"
    return session_cookie(response)


def assert_not_renewed(response: httpx2.Response) -> None:
    assert not session_cookies(response)
    assert "X-Access-Token" not in response.headers


def present(api: Api, cookie: str, rpc: str = "GetUser") -> httpx2.Response:
    return api.call(rpc, headers={"Cookie": cookie})


def test_an_expired_token_alone_lets_nobody_in(renewing_api: Api, style: Style, expired_account: Account) -> None:
    response = renewing_api.call("GetUser", style, token=expired_account.token)
    assert_problem(response, 401, "TOKEN_EXPIRED")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert_not_renewed(response)


def test_an_expired_token_is_not_active(renewing_api: Api, expired_account: Account) -> None:
    account = expired_account
    headers = {"Cookie": account.cookie, "Authorization": f"Bearer {account.token}"}
    response = renewing_api.call("ExtractToken", fields={"token": account.token}, headers=headers)
    assert_success(response, 200)
    assert response.json() == {"active": False}
    assert_renewed(response)


def test_an_expired_token_is_renewed_by_the_cookie(renewing_api: Api, style: Style, expired_account: Account) -> None:
    account = expired_account
    response = renewing_api.call("GetUser", style, token=account.token, headers={"Cookie": account.cookie})
    assert_success(response, 200)
    assert response.json()["user_id"] == account.user_id
    assert assert_renewed(response) != account.cookie
    token = response.headers["X-Access-Token"]
    assert token != account.token
    assert_success(renewing_api.call("GetUser", style, token=token), 200)


def test_a_write_is_done_once_and_renewed(renewing_api: Api, style: Style, expired_account: Account) -> None:
    account = expired_account
    headers = {"Cookie": account.cookie}
    response = renewing_api.call("CreateOrder", style, order_fields(), token=account.token, headers=headers)
    assert_success(response, 201)
    listed = present(renewing_api, assert_renewed(response), "ListOrders").json()["orders"]
    assert listed == [response.json()]


def test_every_kind_of_answer_is_renewed(renewing_api: Api, expired_account: Account) -> None:
    account = expired_account
    headers = {"Cookie": account.cookie}
    response = renewing_api.call("GetOrder", fields={"order_id": UNKNOWN_ID}, token=account.token, headers=headers)
    assert_problem(response, 404, "ORDER_NOT_FOUND")
    headers = {"Cookie": assert_renewed(response)}
    response = renewing_api.call("ListOrders", fields={"page_size": 0}, token=account.token, headers=headers)
    assert_problem(response, 400)
    headers = {"Cookie": assert_renewed(response)}
    response = renewing_api.call("CreateOrder", fields={}, token=account.token, headers=headers)
    assert_problem(response, 400)
    assert_success(present(renewing_api, assert_renewed(response)), 200)


def test_fifty_at_once_get_one_successor(renewing_api: Api, expired_account: Account) -> None:
    account = expired_account

    def call(style: Style) -> httpx2.Response:
        return renewing_api.call("GetUser", style, token=account.token, headers={"Cookie": account.cookie})

    with ThreadPoolExecutor(50) as pool:
        responses = list(pool.map(call, STYLES * 25))
    for response in responses:
        assert_success(response, 200)
    (successor,) = {assert_renewed(response) for response in responses}
    response = present(renewing_api, successor, "ListSessions")
    assert_success(response, 200)
    assert len(response.json()["sessions"]) == 1


def test_a_cookie_alone_is_enough(api: Api, style: Style, newcomer: Account) -> None:
    response = api.call("GetUser", style, headers={"Cookie": newcomer.cookie})
    assert_success(response, 200)
    assert response.json()["user_id"] == newcomer.user_id
    assert assert_renewed(response) != newcomer.cookie


def test_a_valid_token_needs_no_renewal(api: Api, style: Style, newcomer: Account) -> None:
    response = api.call("GetUser", style, token=newcomer.token, headers={"Cookie": newcomer.cookie})
    assert_success(response, 200)
    assert_not_renewed(response)


def test_a_lost_answer_is_given_again(api: Api, newcomer: Account) -> None:
    first, second, third = (assert_renewed(present(api, newcomer.cookie)) for _ in range(3))
    assert first == second == third
    assert_success(present(api, third), 200)


def test_a_key_older_than_the_predecessor_ends_the_session(api: Api, newcomer: Account) -> None:
    second = assert_renewed(present(api, newcomer.cookie))
    third = assert_renewed(present(api, second))
    response = present(api, newcomer.cookie)
    assert_problem(response, 401, "SESSION_REUSED")
    assert "X-Access-Token" not in response.headers
    for cookie in (newcomer.cookie, second, third):
        assert_problem(present(api, cookie), 401)


def test_a_long_chain_of_renewals_holds(api: Api, newcomer: Account) -> None:
    cookie, seen = newcomer.cookie, {newcomer.cookie}
    for _ in range(20):
        cookie = assert_renewed(present(api, cookie))
        assert cookie not in seen
        seen.add(cookie)


@pytest.mark.parametrize("percent", [0, 10, 50, 90])
def test_a_changed_key_is_none(api: Api, newcomer: Account, percent: int) -> None:
    name, _, key = newcomer.cookie.partition("=")
    index = percent * len(key) // 100
    changed = key[:index] + ("A" if key[index] != "A" else "Q") + key[index + 1 :]
    response = present(api, f"{name}={changed}")
    assert_problem(response, 401, "SESSION_INVALID")
    assert "X-Access-Token" not in response.headers
    assert_success(present(api, newcomer.cookie), 200)


@pytest.mark.parametrize(
    "key", ["x", ".", "..", "a.1.b", "a.99999999999999999999.b", "%00", "x" * 513, "x" * 5000, '"', "a b"]
)
def test_rubbish_is_no_key(api: Api, newcomer: Account, key: str) -> None:
    name = newcomer.cookie.partition("=")[0]
    assert_problem(present(api, f"{name}={key}"), 401)


def test_a_logged_out_key_is_none(api: Api, newcomer: Account) -> None:
    assert_success(api.call("Logout", token=newcomer.token), 204)
    assert_problem(present(api, newcomer.cookie), 401, "SESSION_INVALID")
