"""ChangePassword: the new password applies at once, and the other sessions end."""

from typing import Any

import pytest

from tests.e2e.accounts import Account, log_in, unique_password
from tests.e2e.api import Api
from tests.e2e.bindings import Style
from tests.e2e.renewals import assert_renewed
from tests.e2e.shapes import assert_invalid, assert_problem, assert_success


def change(account: Account, **changes: Any) -> dict[str, Any]:
    fields = {"current_password": account.password, "new_password": unique_password(), **changes}
    return {name: value for name, value in fields.items() if value is not ...}


def test_only_the_new_password_logs_in_after_a_change(api: Api, style: Style, newcomer: Account) -> None:
    fields = change(newcomer)
    assert_success(api.call("ChangePassword", style, fields, token=newcomer.token), 204)
    response = api.call("Login", fields={"email": newcomer.email, "password": newcomer.password})
    assert_problem(response, 401, "INVALID_CREDENTIALS")
    log_in(api, newcomer.email, fields["new_password"])


def test_password_change_ends_every_session_and_starts_a_new_one(api: Api, style: Style, newcomer: Account) -> None:
    """A copy of the caller's session key is refused, too."""
    other = log_in(api, newcomer.email, newcomer.password)
    changed = api.call("ChangePassword", style, change(newcomer), token=newcomer.token)
    assert_success(changed, 204)
    assert changed.content == b""
    cookie = assert_renewed(changed)
    for ended in (other, newcomer):
        assert_problem(api.call("GetUser", headers={"Cookie": ended.cookie}), 401, "SESSION_INVALID")
        assert_problem(api.call("GetUser", token=ended.token), 401, "SESSION_INVALID")
    assert_success(api.call("ListOrders", token=changed.headers["X-Access-Token"]), 200)
    (session,) = api.call("ListSessions", headers={"Cookie": cookie}).json()["sessions"]
    assert session["current"] is True


def test_password_change_with_the_cookie_alone_returns_only_the_new_session(
    api: Api, style: Style, newcomer: Account
) -> None:
    """Even though the request renews the old session first."""
    headers = {"Cookie": newcomer.cookie, "Sec-Fetch-Site": "same-origin"}
    changed = api.call("ChangePassword", style, change(newcomer), headers=headers)
    assert_success(changed, 204)
    assert len(changed.headers.get_list("X-Access-Token")) == 1
    cookie = assert_renewed(changed)
    assert_success(api.call("GetUser", headers={"Cookie": cookie}), 200)
    assert_success(api.call("GetUser", token=changed.headers["X-Access-Token"]), 200)


def test_password_equal_to_the_current_one_is_refused(api: Api, style: Style, newcomer: Account) -> None:
    fields = change(newcomer, new_password=newcomer.password)
    response = api.call("ChangePassword", style, fields, token=newcomer.token)
    assert_problem(response, 400, "PASSWORD_REFUSED")
    (violation,) = response.json()["violations"]
    assert (violation["field"], violation["rule"]) == ("new_password", "password.unchanged")
    assert_success(api.call("GetUser", token=newcomer.token), 200)


def test_wrong_current_password_changes_nothing(api: Api, style: Style, newcomer: Account) -> None:
    fields = change(newcomer, current_password=unique_password())
    response = api.call("ChangePassword", style, fields, token=newcomer.token)
    assert_problem(response, response.status_code, "INVALID_CREDENTIALS")
    assert response.status_code in {401, 403}
    log_in(api, newcomer.email, newcomer.password)


INVALID: dict[str, tuple[str, dict[str, Any]]] = {
    "current missing": ("current_password", {"current_password": ...}),
    "current empty": ("current_password", {"current_password": ""}),
    "current null": ("current_password", {"current_password": None}),
    "current of 129": ("current_password", {"current_password": "p" * 129}),
    "new missing": ("new_password", {"new_password": ...}),
    "new a number": ("new_password", {"new_password": 1}),
    "new of 7": ("new_password", {"new_password": "qZ7tide"}),
    "new of 14": ("new_password", {"new_password": "qZ7 tide-lamp9"}),
    "new of 129": ("new_password", {"new_password": "p4ss " + "x" * 124}),
    "new that is common": ("new_password", {"new_password": "passwordpassword"}),
    "field unknown": ("user_id", {"user_id": "me"}),
}


@pytest.mark.parametrize(("field", "changes"), INVALID.values(), ids=INVALID)
def test_fields_beyond_their_limits_are_refused(
    api: Api, style: Style, alice: Account, field: str, changes: dict[str, Any]
) -> None:
    response = api.call("ChangePassword", style, change(alice, **changes), token=alice.token)
    assert_invalid(response, field)


@pytest.mark.parametrize("length", [15, 128])
def test_fields_at_their_limits_are_accepted(api: Api, style: Style, newcomer: Account, length: int) -> None:
    fields = change(newcomer, new_password=("qZ7 tide-lamp 9" + "x" * 128)[:length])
    assert_success(api.call("ChangePassword", style, fields, token=newcomer.token), 204)
    log_in(api, newcomer.email, fields["new_password"])
