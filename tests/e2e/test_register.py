"""Register: the account, its limits, and the session it starts."""

import re
from typing import Any

import pytest

from tests.e2e.accounts import Account, log_in, register, registration, session_cookies, unique_email
from tests.e2e.api import Api
from tests.e2e.bindings import Style
from tests.e2e.shapes import (
    assert_invalid,
    assert_problem,
    assert_session_cookie,
    assert_success,
    assert_user,
)


def email_of_length(length: int) -> str:
    """Returns a new valid email of this length."""
    local = unique_email().partition("@")[0]
    domain = "@" + "a" * 60 + "." + "b" * 60 + "." + "c" * 60 + ".org"
    return local + domain[:1] + "d" * (length - len(local) - len(domain) - 1) + "." + domain[1:]


def test_register_returns_the_account_logged_in(api: Api, style: Style) -> None:
    fields = registration()
    response = api.call("Register", style, fields)
    assert_success(response, 201)
    body = response.json()
    assert set(body) == {"user", "access_token", "token_type", "expires_in"}
    assert_user(body["user"], email=fields["email"])
    assert body["token_type"] == "Bearer"
    assert type(body["expires_in"]) is int
    assert body["expires_in"] > 0
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", body["access_token"])
    assert api.call("GetUser", token=body["access_token"]).json() == body["user"]


def test_register_sets_the_session_cookie_and_is_not_cacheable(api: Api, style: Style) -> None:
    response = api.call("Register", style, registration())
    (cookie,) = session_cookies(response)
    assert_session_cookie(cookie)
    assert "Max-Age=86400" in cookie
    assert response.headers["Cache-Control"] == "no-store"


def test_cookie_of_a_registration_authenticates_on_its_own(api: Api, newcomer: Account) -> None:
    response = api.call("GetUser", headers={"Cookie": newcomer.cookie})
    assert_success(response, 200)
    assert response.json()["user_id"] == newcomer.user_id


VALID: dict[str, dict[str, Any]] = {
    "shortest name": {"name": "Al"},
    "longest name": {"name": "n" * 50},
    "shortest name of emoji": {"name": "🦀🐍"},
    "longest name of emoji": {"name": "🦀" * 50},
    "name beyond Latin": {"name": "Владислав ß 名前"},
    "name with quotes": {"name": 'O\'Brien "the" <b>&amp;'},
    "name that ends a script": {"name": "</script>';--"},
    "longest password": {"password": "p4ss-Wörter " + "x" * 116},
    "longest password of emoji": {"password": "".join(chr(0x1F400 + n * n * 7 % 191) for n in range(128))},
}


@pytest.mark.parametrize("changes", VALID.values(), ids=VALID)
def test_fields_at_their_limits_are_accepted(api: Api, style: Style, changes: dict[str, Any]) -> None:
    fields = registration(**changes)
    response = api.call("Register", style, fields)
    assert_success(response, 201)
    assert response.json()["user"]["name"] == fields["name"]
    log_in(api, fields["email"], fields["password"])


def test_shortest_password_is_accepted(api: Api, style: Style) -> None:
    register_fields = registration(password="qZ7 tide-lamp 9")
    assert len(register_fields["password"]) == 15
    assert_success(api.call("Register", style, register_fields), 201)


def test_longest_email_is_accepted(api: Api, style: Style) -> None:
    fields = registration(email=email_of_length(254))
    assert len(fields["email"]) == 254
    response = api.call("Register", style, fields)
    assert_success(response, 201)
    assert response.json()["user"]["email"] == fields["email"]


INVALID: dict[str, tuple[str, dict[str, Any]]] = {
    "name missing": ("name", {"name": ...}),
    "name null": ("name", {"name": None}),
    "name a number": ("name", {"name": 12}),
    "name a list": ("name", {"name": ["Ada"]}),
    "name an object": ("name", {"name": {"first": "Ada"}}),
    "name empty": ("name", {"name": ""}),
    "name of 1": ("name", {"name": "A"}),
    "name of 1 emoji": ("name", {"name": "🦀"}),
    "name of 51": ("name", {"name": "n" * 51}),
    "name of 51 emoji": ("name", {"name": "🦀" * 51}),
    "name with NUL": ("name", {"name": "Ada\x00Lovelace"}),
    "name with a lone surrogate": ("name", {"name": "Ada\ud800"}),
    "email missing": ("email", {"email": ...}),
    "email null": ("email", {"email": None}),
    "email a bool": ("email", {"email": True}),
    "email empty": ("email", {"email": ""}),
    "email without domain": ("email", {"email": "ada@"}),
    "email without local part": ("email", {"email": "@example.com"}),
    "email without at": ("email", {"email": "ada.example.com"}),
    "email with two at": ("email", {"email": "ada@home@example.com"}),
    "email with space": ("email", {"email": "ada lovelace@example.com"}),
    "email with new line": ("email", {"email": "ada@exam\nple.com"}),
    "email with NUL": ("email", {"email": "ada\x00@example.com"}),
    "email of 255": ("email", {"email": "e" * (255 - len("@example.com")) + "@example.com"}),
    "email huge": ("email", {"email": "e" * 10_000 + "@example.com"}),
    "password missing": ("password", {"password": ...}),
    "password null": ("password", {"password": None}),
    "password a number": ("password", {"password": 123456789012345678}),
    "password empty": ("password", {"password": ""}),
    "password of 7": ("password", {"password": "qZ7tide"}),
    "password of 14": ("password", {"password": "qZ7 tide-lamp9"}),
    "password of 129": ("password", {"password": "p4ss " + "x" * 124}),
    "password with NUL": ("password", {"password": "qZ7 tide-lamp\x00 99"}),
    "password that is common": ("password", {"password": "passwordpassword"}),
    "field unknown": ("role", {"role": "admin"}),
    "field of the answer": ("user_id", {"user_id": "01890a5d-ac96-774b-bcce-b302099a8057"}),
}


@pytest.mark.parametrize(("field", "changes"), INVALID.values(), ids=INVALID)
def test_fields_beyond_their_limits_are_refused(api: Api, style: Style, field: str, changes: dict[str, Any]) -> None:
    response = api.call("Register", style, registration(**changes))
    assert_invalid(response, field)
    assert not session_cookies(response)


def test_all_violations_are_named_at_once(api: Api) -> None:
    problem = assert_invalid(api.call("Register", fields={"email": "nobody", "name": "A"}))
    assert {violation["field"] for violation in problem["violations"]} == {"email", "name", "password"}


def test_common_password_is_refused_with_its_reason(api: Api) -> None:
    assert_invalid(api.call("Register", fields=registration(password="passwordpassword")), code="PASSWORD_REFUSED")


def test_email_is_unique_in_any_case(api: Api, style: Style, alice: Account) -> None:
    for email in (alice.email, alice.email.upper(), alice.email.title()):
        assert_problem(api.call("Register", style, registration(email=email)), 409, "EMAIL_TAKEN")


def test_refused_registration_leaves_the_email_free(api: Api) -> None:
    email = unique_email()
    assert_invalid(api.call("Register", fields=registration(email=email, name="A")))
    assert_success(api.call("Register", fields=registration(email=email)), 201)


def test_email_is_returned_as_registered(api: Api) -> None:
    email = unique_email("Ada.LOVELACE")
    assert_user(api.call("GetUser", token=register(api, email=email).token).json(), email=email)
