"""Login: one response for all invalid credentials."""

import unicodedata
from typing import Any

import pytest

from tests.e2e.accounts import (
    Account,
    log_in,
    register,
    registration,
    session_cookie,
    session_cookies,
    unique_email,
    unique_password,
)
from tests.e2e.api import Api
from tests.e2e.bindings import Style
from tests.e2e.shapes import assert_invalid, assert_problem, assert_session_cookie, assert_success, assert_user


def credentials(account: Account, **changes: Any) -> dict[str, Any]:
    fields = {"email": account.email, "password": account.password, **changes}
    return {name: value for name, value in fields.items() if value is not ...}


def test_login_responds_like_register(api: Api, style: Style, alice: Account) -> None:
    response = api.call("Login", style, credentials(alice))
    assert_success(response, 200)
    body = response.json()
    assert set(body) == {"user", "access_token", "token_type", "expires_in"}
    assert_user(body["user"], email=alice.email)
    assert (body["user"]["user_id"], body["token_type"]) == (alice.user_id, "Bearer")
    assert body["expires_in"] > 0
    (cookie,) = session_cookies(response)
    assert_session_cookie(cookie)
    assert response.headers["Cache-Control"] == "no-store"


def test_each_login_starts_a_new_session(api: Api, alice: Account) -> None:
    first, second = (log_in(api, alice.email, alice.password) for _ in range(2))
    assert len({alice.cookie, first.cookie, second.cookie}) == 3
    assert len({alice.token, first.token, second.token}) == 3


def test_email_is_case_insensitive(api: Api, style: Style, alice: Account) -> None:
    assert_success(api.call("Login", style, credentials(alice, email=alice.email.upper())), 200)


def test_password_is_accepted_in_any_unicode_normal_form(api: Api) -> None:
    account = register(api, password="cafe\u0301 au lait by the sea")
    assert log_in(api, account.email, "caf\u00e9 au lait by the sea").user_id == account.user_id


def test_unknown_email_and_wrong_password_get_the_same_response(api: Api, style: Style, alice: Account) -> None:
    wrong = {"email": alice.email, "password": unique_password()}
    unknown = {"email": unique_email(), "password": unique_password()}
    problems = []
    for fields in (wrong, unknown):
        response = api.call("Login", style, fields)
        problems.append(assert_problem(response, 401, "INVALID_CREDENTIALS"))
        assert not session_cookies(response)
        problems[-1].pop("request_id")
    assert problems[0] == problems[1]
    assert problems[0]["violations"] == []


@pytest.mark.parametrize("tweak", [str.upper, lambda password: password[:-1], lambda password: password + " "])
def test_almost_right_password_is_refused(api: Api, alice: Account, tweak: Any) -> None:
    response = api.call("Login", fields=credentials(alice, password=tweak(alice.password)))
    assert_problem(response, 401, "INVALID_CREDENTIALS")


def test_long_password_is_not_truncated(api: Api) -> None:
    account = register(api, password="tide lamp " * 12 + "12345678")
    assert len(account.password) == 128
    response = api.call("Login", fields=credentials(account, password=account.password[:-1] + "9"))
    assert_problem(response, 401, "INVALID_CREDENTIALS")


INVALID: dict[str, tuple[str, dict[str, Any]]] = {
    "email missing": ("email", {"email": ...}),
    "email null": ("email", {"email": None}),
    "email a number": ("email", {"email": 7}),
    "email empty": ("email", {"email": ""}),
    "email of 255": ("email", {"email": "e" * 255}),
    "email with NUL": ("email", {"email": "ada\x00@example.com"}),
    "password missing": ("password", {"password": ...}),
    "password null": ("password", {"password": None}),
    "password a list": ("password", {"password": []}),
    "password empty": ("password", {"password": ""}),
    "password of 129": ("password", {"password": "p" * 129}),
    "field unknown": ("remember_me", {"remember_me": True}),
}


@pytest.mark.parametrize(("field", "changes"), INVALID.values(), ids=INVALID)
def test_fields_beyond_their_limits_are_refused(
    api: Api, style: Style, alice: Account, field: str, changes: dict[str, Any]
) -> None:
    assert_invalid(api.call("Login", style, credentials(alice, **changes)), field)


def test_login_ignores_an_access_token(api: Api, style: Style, alice: Account) -> None:
    response = api.call("Login", style, credentials(alice), headers={"Authorization": "Bearer rubbish"})
    assert_success(response, 200)


def test_login_revokes_the_presented_session(api: Api, style: Style, newcomer: Account) -> None:
    response = api.call("Login", style, credentials(newcomer), headers={"Cookie": newcomer.cookie})
    assert_success(response, 200)
    assert_problem(api.call("GetUser", headers={"Cookie": newcomer.cookie}), 401, "SESSION_INVALID")
    assert_success(api.call("GetUser", headers={"Cookie": session_cookie(response)}), 200)


def test_login_revokes_a_presented_session_of_another_user(api: Api, newcomer: Account, bob: Account) -> None:
    assert_success(api.call("Login", fields=credentials(bob), headers={"Cookie": newcomer.cookie}), 200)
    assert_problem(api.call("GetUser", headers={"Cookie": newcomer.cookie}), 401, "SESSION_INVALID")


@pytest.mark.parametrize("cookie", ["session_key=rubbish", "session_key=", "session_key", "=;;=", "session_key=a.1.b"])
def test_invalid_presented_session_changes_nothing(api: Api, alice: Account, cookie: str) -> None:
    assert_success(api.call("Login", fields=credentials(alice), headers={"Cookie": cookie}), 200)


def test_password_length_counts_its_composed_form(api: Api, style: Style) -> None:
    """In decomposed form a syllable has three code points: 50 of them must not count as 150 characters."""
    password = "\ud55c\uae00" * 25
    decomposed = unicodedata.normalize("NFD", password)
    assert len(decomposed) > 128 > len(password)
    account = register(api, password=decomposed)
    for typed in (password, decomposed):
        response = api.call("Login", style, {"email": account.email, "password": typed})
        assert_success(response, 200)
    fields = {"current_password": decomposed, "new_password": decomposed + "!"}
    assert_success(api.call("ChangePassword", style, fields, token=account.token), 204)


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", "  \n"])
def test_white_space_around_an_email_is_trimmed_at_registration(api: Api, style: Style, blank: str) -> None:
    email = unique_email()
    registered = api.call("Register", style, registration(email=f"{blank}{email}{blank}"))
    assert_success(registered, 201)
    assert registered.json()["user"]["email"] == email
    assert_problem(api.call("Register", style, registration(email=email)), 409, "EMAIL_TAKEN")


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0"])
def test_white_space_around_an_email_is_trimmed_at_login(api: Api, style: Style, newcomer: Account, blank: str) -> None:
    fields = {"email": f"{blank}{newcomer.email}{blank}", "password": newcomer.password}
    assert_success(api.call("Login", style, fields), 200)


@pytest.mark.parametrize("email", [" ", "\t\n", "a b@example.com"])
def test_white_space_alone_or_inside_is_not_an_email(api: Api, style: Style, email: str) -> None:
    assert_invalid(api.call("Register", style, registration(email=email)), "email")
