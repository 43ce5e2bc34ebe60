"""Accounts, sessions and valid request bodies for tests."""

import uuid
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.e2e.api import Api, Headers

COOKIE_NAMES = ("session_key", "__Host-session_key")


@dataclass(frozen=True, slots=True)
class Account:
    """A registered user with one session."""

    user_id: str
    email: str
    password: str
    token: str
    cookie: str
    """The session cookie as a Cookie header carries it: `name=value`."""


def unique_email(label: str = "user") -> str:
    return f"{label}.{uuid.uuid4().hex}@example.com"


def unique_password() -> str:
    return f"correct horse {uuid.uuid4().hex}"


def registration(**changes: Any) -> dict[str, Any]:
    """Returns a valid Register body with the changes; a change to `...` (Ellipsis) removes the field."""
    fields = {"email": unique_email(), "name": "Ada Lovelace", "password": unique_password(), **changes}
    return {name: value for name, value in fields.items() if value is not ...}


def session_cookies(response: httpx2.Response) -> list[str]:
    """Returns the Set-Cookie values of the session cookie."""
    values: list[str] = response.headers.get_list("set-cookie")
    return [value for value in values if value.partition("=")[0] in COOKIE_NAMES]


def session_cookie(response: httpx2.Response) -> str:
    """Returns the one session cookie that the response sets, as `name=value`."""
    (value,) = session_cookies(response)
    return value.partition(";")[0]


def account_of(response: httpx2.Response, email: str, password: str) -> Account:
    """Returns the account that a Register or Login response logs in."""
    assert response.is_success, response.text
    body = response.json()
    return Account(body["user"]["user_id"], email, password, body["access_token"], session_cookie(response))


def register(api: Api, *, headers: Headers | None = None, **changes: Any) -> Account:
    fields = registration(**changes)
    return account_of(api.call("Register", fields=fields, headers=headers), fields["email"], fields["password"])


def log_in(api: Api, email: str, password: str, *, headers: Headers | None = None) -> Account:
    fields = {"email": email, "password": password}
    return account_of(api.call("Login", fields=fields, headers=headers), email, password)
