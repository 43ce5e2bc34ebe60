"""The hybrid flow: an expired access token together with a session cookie.

Runs on a separate stack whose access tokens are valid for seconds, without leeway.
"""

from concurrent.futures import ThreadPoolExecutor

import httpx2

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import STYLES, UNKNOWN_ID, Style
from tests.e2e.orders import order_fields
from tests.e2e.renewals import assert_not_renewed, assert_renewed, present
from tests.e2e.shapes import assert_problem, assert_success


def test_expired_token_without_a_cookie_is_refused(renewing_api: Api, style: Style, expired_account: Account) -> None:
    response = renewing_api.call("GetUser", style, token=expired_account.token)
    assert_problem(response, 401, "TOKEN_EXPIRED")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert_not_renewed(response)


def test_expired_token_is_not_active(renewing_api: Api, expired_account: Account) -> None:
    account = expired_account
    headers = {"Cookie": account.cookie, "Authorization": f"Bearer {account.token}"}
    response = renewing_api.call("ExtractToken", fields={"token": account.token}, headers=headers)
    assert_success(response, 200)
    assert response.json() == {"active": False}
    assert_renewed(response)


def test_expired_token_is_renewed_with_the_cookie(renewing_api: Api, style: Style, expired_account: Account) -> None:
    account = expired_account
    response = renewing_api.call("GetUser", style, token=account.token, headers={"Cookie": account.cookie})
    assert_success(response, 200)
    assert response.json()["user_id"] == account.user_id
    assert assert_renewed(response) != account.cookie
    token = response.headers["X-Access-Token"]
    assert token != account.token
    assert_success(renewing_api.call("GetUser", style, token=token), 200)


def test_write_with_an_expired_token_is_done_once_and_renews_the_session(
    renewing_api: Api, style: Style, expired_account: Account
) -> None:
    account = expired_account
    headers = {"Cookie": account.cookie}
    response = renewing_api.call("CreateOrder", style, order_fields(), token=account.token, headers=headers)
    assert_success(response, 201)
    listed = present(renewing_api, assert_renewed(response), "ListOrders").json()["orders"]
    assert listed == [response.json()]


def test_session_is_renewed_for_every_response_status(renewing_api: Api, expired_account: Account) -> None:
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


def test_fifty_concurrent_requests_get_the_same_successor(renewing_api: Api, expired_account: Account) -> None:
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


def test_expired_token_with_the_cookie_passes_the_cross_site_check(
    renewing_api: Api, style: Style, expired_account: Account
) -> None:
    account = expired_account
    headers = {"Authorization": f"Bearer {account.token}", "Sec-Fetch-Site": "cross-site"}
    response = renewing_api.call("CreateOrder", style, order_fields(), headers={**headers, "Cookie": account.cookie})
    assert_success(response, 201)
