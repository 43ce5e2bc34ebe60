"""A session cookie replaces an access token; each key works once, and is renewed each time."""

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import Style
from tests.e2e.renewals import assert_not_renewed, assert_renewed, present
from tests.e2e.shapes import assert_problem, assert_success


def test_cookie_without_a_token_authenticates(api: Api, style: Style, newcomer: Account) -> None:
    response = api.call("GetUser", style, headers={"Cookie": newcomer.cookie})
    assert_success(response, 200)
    assert response.json()["user_id"] == newcomer.user_id
    assert assert_renewed(response) != newcomer.cookie


def test_valid_token_with_a_cookie_renews_nothing(api: Api, style: Style, newcomer: Account) -> None:
    response = api.call("GetUser", style, token=newcomer.token, headers={"Cookie": newcomer.cookie})
    assert_success(response, 200)
    assert_not_renewed(response)


def test_renewal_is_repeated_when_the_response_was_lost(api: Api, newcomer: Account) -> None:
    first, second, third = (assert_renewed(present(api, newcomer.cookie)) for _ in range(3))
    assert first == second == third
    assert_success(present(api, third), 200)


def test_session_key_older_than_the_predecessor_ends_the_session(api: Api, newcomer: Account) -> None:
    second = assert_renewed(present(api, newcomer.cookie))
    third = assert_renewed(present(api, second))
    response = present(api, newcomer.cookie)
    assert_problem(response, 401, "SESSION_REUSED")
    assert "X-Access-Token" not in response.headers
    for cookie in (newcomer.cookie, second, third):
        assert_problem(present(api, cookie), 401)


def test_session_survives_a_long_chain_of_renewals(api: Api, newcomer: Account) -> None:
    cookie, seen = newcomer.cookie, {newcomer.cookie}
    for _ in range(20):
        cookie = assert_renewed(present(api, cookie))
        assert cookie not in seen
        seen.add(cookie)


@pytest.mark.parametrize("percent", [0, 10, 50, 90])
def test_modified_session_key_is_refused(api: Api, newcomer: Account, percent: int) -> None:
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
def test_malformed_session_key_is_refused(api: Api, newcomer: Account, key: str) -> None:
    name = newcomer.cookie.partition("=")[0]
    assert_problem(present(api, f"{name}={key}"), 401)


def test_session_key_is_refused_after_logout(api: Api, newcomer: Account) -> None:
    assert_success(api.call("Logout", token=newcomer.token), 204)
    assert_problem(present(api, newcomer.cookie), 401, "SESSION_INVALID")
