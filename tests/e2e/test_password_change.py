"""ChangePassword: the new one counts at once, and the other sessions end."""

from typing import Any

import pytest

from tests.e2e.accounts import Account, log_in, unique_password
from tests.e2e.api import Api
from tests.e2e.bindings import Style
from tests.e2e.shapes import assert_invalid, assert_problem, assert_success


def change(account: Account, **changes: Any) -> dict[str, Any]:
    fields = {"current_password": account.password, "new_password": unique_password(), **changes}
    return {name: value for name, value in fields.items() if value is not ...}


def test_only_the_new_password_logs_in(api: Api, style: Style, newcomer: Account) -> None:
    fields = change(newcomer)
    assert_success(api.call("ChangePassword", style, fields, token=newcomer.token), 204)
    response = api.call("Login", fields={"email": newcomer.email, "password": newcomer.password})
    assert_problem(response, 401, "INVALID_CREDENTIALS")
    log_in(api, newcomer.email, fields["new_password"])


def test_ends_the_other_sessions_and_keeps_this_one(api: Api, style: Style, newcomer: Account) -> None:
    other = log_in(api, newcomer.email, newcomer.password)
    assert_success(api.call("ChangePassword", style, change(newcomer), token=newcomer.token), 204)
    assert_problem(api.call("GetUser", headers={"Cookie": other.cookie}), 401, "SESSION_INVALID")
    assert_success(api.call("GetUser", headers={"Cookie": newcomer.cookie}), 200)


def test_a_wrong_current_password_changes_nothing(api: Api, style: Style, newcomer: Account) -> None:
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
    "new that everybody has": ("new_password", {"new_password": "passwordpassword"}),
    "field unknown": ("user_id", {"user_id": "me"}),
}


@pytest.mark.parametrize(("field", "changes"), INVALID.values(), ids=INVALID)
def test_refuses_past_the_border(api: Api, style: Style, alice: Account, field: str, changes: dict[str, Any]) -> None:
    response = api.call("ChangePassword", style, change(alice, **changes), token=alice.token)
    assert_invalid(response, field)


@pytest.mark.parametrize("length", [15, 128])
def test_accepts_at_the_border(api: Api, style: Style, newcomer: Account, length: int) -> None:
    fields = change(newcomer, new_password=("qZ7 tide-lamp 9" + "x" * 128)[:length])
    assert_success(api.call("ChangePassword", style, fields, token=newcomer.token), 204)
    log_in(api, newcomer.email, fields["new_password"])
