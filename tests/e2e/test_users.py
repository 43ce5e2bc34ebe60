"""GetUser and DeleteUser: the caller's own account; all accounts for administrators."""

import pytest

from tests.e2e.accounts import Account, register, session_cookies
from tests.e2e.api import Api
from tests.e2e.bindings import UNKNOWN_ID, Style
from tests.e2e.shapes import assert_invalid, assert_problem, assert_success, assert_user

NO_USER_IDS = ["you", "1", UNKNOWN_ID[:-1], UNKNOWN_ID + "0", UNKNOWN_ID.replace("-", ""), "me\n", "me\x00", "%", "ä"]


def test_user_reads_their_own_account(api: Api, style: Style, alice: Account) -> None:
    response = api.call("GetUser", style, token=alice.token)
    assert_success(response, 200)
    assert_user(response.json(), email=alice.email)


def test_user_reads_their_own_account_by_id(api: Api, alice: Account) -> None:
    response = api.call("GetUser", Style.RESOURCE, {"user_id": alice.user_id}, token=alice.token)
    assert_success(response, 200)
    assert response.json()["user_id"] == alice.user_id


@pytest.mark.parametrize("whose", ["another user", "unknown"])
def test_account_of_another_user_is_not_found(api: Api, alice: Account, bob: Account, whose: str) -> None:
    user_id = bob.user_id if whose == "another user" else UNKNOWN_ID
    response = api.call("GetUser", Style.RESOURCE, {"user_id": user_id}, token=alice.token)
    assert_problem(response, 404, "USER_NOT_FOUND")


def test_administrator_reads_any_account(api: Api, alice: Account, admin: Account) -> None:
    response = api.call("GetUser", Style.RESOURCE, {"user_id": alice.user_id}, token=admin.token)
    assert_success(response, 200)
    assert_user(response.json(), email=alice.email)
    assert api.call("GetUser", token=admin.token).json()["role"] == "admin"
    response = api.call("GetUser", Style.RESOURCE, {"user_id": UNKNOWN_ID}, token=admin.token)
    assert_problem(response, 404, "USER_NOT_FOUND")


@pytest.mark.parametrize("user_id", NO_USER_IDS)
def test_invalid_user_id_is_refused(api: Api, newcomer: Account, user_id: str) -> None:
    fields, token = {"user_id": user_id}, newcomer.token
    assert_invalid(api.call("GetUser", Style.RESOURCE, fields, token=token), "user_id")
    assert_invalid(api.call("DeleteUser", Style.RESOURCE, fields, token=token), "user_id")
    assert_invalid(api.call("DeleteUser", Style.SHORT, fields, token=token), "user_id")


@pytest.mark.parametrize("rpc", ["GetUser", "DeleteUser"])
def test_unknown_query_parameters_are_refused(api: Api, style: Style, newcomer: Account, rpc: str) -> None:
    assert_invalid(api.call(rpc, style, {"verbose": "1"}, token=newcomer.token), "verbose")


def test_user_deletes_their_own_account_with_all_sessions(api: Api, style: Style, newcomer: Account) -> None:
    fields = {} if style is Style.SHORT else {"user_id": "me"}
    assert_success(api.call("DeleteUser", style, fields, token=newcomer.token), 204)
    fields = {"email": newcomer.email, "password": newcomer.password}
    assert_problem(api.call("Login", fields=fields), 401, "INVALID_CREDENTIALS")
    response = api.call("GetUser", headers={"Cookie": newcomer.cookie})
    assert_problem(response, 401, "SESSION_INVALID")
    assert not any("max-age=0" not in cookie.lower() for cookie in session_cookies(response))


def test_user_deletes_their_own_account_by_id(api: Api, style: Style, newcomer: Account, admin: Account) -> None:
    assert_success(api.call("DeleteUser", style, {"user_id": newcomer.user_id}, token=newcomer.token), 204)
    response = api.call("GetUser", Style.RESOURCE, {"user_id": newcomer.user_id}, token=admin.token)
    assert_problem(response, 404, "USER_NOT_FOUND")


def test_account_of_another_user_is_not_found_to_delete(api: Api, style: Style, alice: Account, bob: Account) -> None:
    response = api.call("DeleteUser", style, {"user_id": bob.user_id}, token=alice.token)
    assert_problem(response, 404, "USER_NOT_FOUND")
    assert_success(api.call("GetUser", token=bob.token), 200)


def test_administrator_deletes_any_account(api: Api, style: Style, newcomer: Account, admin: Account) -> None:
    fields = {"user_id": newcomer.user_id}
    assert_success(api.call("DeleteUser", style, fields, token=admin.token), 204)
    assert_problem(api.call("DeleteUser", style, fields, token=admin.token), 404, "USER_NOT_FOUND")


def test_email_of_a_deleted_user_is_free_again(api: Api, newcomer: Account) -> None:
    assert_success(api.call("DeleteUser", token=newcomer.token), 204)
    again = register(api, email=newcomer.email)
    assert again.user_id != newcomer.user_id
