"""ExtractToken, and what a bearer token must be to let anybody in."""

import base64
import json
from typing import Any

import jwt
import pytest

from tests.e2e.accounts import Account, log_in, session_cookies
from tests.e2e.api import Api
from tests.e2e.bindings import PROTECTED_BINDINGS, WELL_FORMED, Style
from tests.e2e.shapes import assert_invalid, assert_problem, assert_recent_time, assert_success

ACTIVE_FIELDS = {"active", "user_id", "role", "session_id", "issued_at", "expires_at"}


def encode(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def flip(text: str, index: int) -> str:
    """The text with the character at the index replaced by another of the alphabet."""
    return text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]


def forgeries(token: str) -> dict[str, str]:
    """Tokens made from a good one that must not be taken for it."""
    header, claims, signature = token.split(".")
    good = jwt.get_unverified_header(token)
    admin = encode({**claims_of(token), "role": "admin"})
    foreign_header = {name: value for name, value in good.items() if name != "alg"}
    return {
        "rubbish": "rubbish",
        "two parts": f"{header}.{claims}",
        "four parts": f"{token}.x",
        "empty parts": "..",
        "changed claims": f"{header}.{admin}.{signature}",
        "changed signature": f"{header}.{claims}.{flip(signature, 10)}",
        "no signature": f"{header}.{claims}.",
        "alg none": f"{encode({**good, 'alg': 'none'})}.{admin}.",
        "HS256": jwt.encode(claims_of(token), "k" * 64, algorithm="HS256", headers=foreign_header),
        "unknown kid": f"{encode({**good, 'kid': 'nobody'})}.{claims}.{signature}",
        "no kid": f"{encode({'alg': 'EdDSA', 'typ': 'at+jwt'})}.{claims}.{signature}",
        "kid a number": f"{encode({**good, 'kid': 1})}.{claims}.{signature}",
        "header no object": f"{encode([])}.{claims}.{signature}",
        "claims no object": f"{header}.{encode(1)}.{signature}",
        "over 8 KiB": f"{header}.{claims}.{signature}{'A' * 8192}",
    }


FORGERIES = tuple(forgeries(jwt.encode({}, "k" * 64, algorithm="HS256", headers={"kid": "x"})))


def test_says_what_the_callers_own_token_stands_for(api: Api, style: Style, alice: Account) -> None:
    response = api.call("ExtractToken", style, {}, token=alice.token)
    assert_success(response, 200)
    body = response.json()
    assert set(body) == ACTIVE_FIELDS
    assert (body["active"], body["user_id"], body["role"]) == (True, alice.user_id, "user")
    assert_recent_time(body["issued_at"])
    assert body["issued_at"] < body["expires_at"]
    assert body["session_id"] == claims_of(alice.token)["sid"]


def test_the_body_may_be_left_out(api: Api, alice: Account) -> None:
    response = api.send("POST", "/api/users/ext", token=alice.token)
    assert_success(response, 200)
    assert response.json()["user_id"] == alice.user_id


def test_a_token_of_another_session_of_the_caller_is_active(api: Api, style: Style, alice: Account) -> None:
    other = log_in(api, alice.email, alice.password)
    body = api.call("ExtractToken", style, {"token": other.token}, token=alice.token).json()
    assert body["active"] is True
    assert body["session_id"] == claims_of(other.token)["sid"]


def test_somebody_elses_token_is_not_active(api: Api, style: Style, alice: Account, bob: Account) -> None:
    response = api.call("ExtractToken", style, {"token": bob.token}, token=alice.token)
    assert_success(response, 200)
    assert response.json() == {"active": False}


def test_administrators_may_ask_of_any(api: Api, style: Style, alice: Account, admin: Account) -> None:
    body = api.call("ExtractToken", style, {"token": alice.token}, token=admin.token).json()
    assert (body["active"], body["user_id"], body["role"]) == (True, alice.user_id, "user")
    assert api.call("ExtractToken", style, {}, token=admin.token).json()["role"] == "admin"


def test_a_revoked_sessions_token_is_not_active(api: Api, style: Style, newcomer: Account) -> None:
    other = log_in(api, newcomer.email, newcomer.password)
    assert_success(api.call("Logout", token=other.token), 204)
    response = api.call("ExtractToken", style, {"token": other.token}, token=newcomer.token)
    assert_success(response, 200)
    assert response.json() == {"active": False}


@pytest.mark.parametrize("kind", [kind for kind in FORGERIES if kind != "over 8 KiB"])
def test_a_forged_token_is_not_active(api: Api, alice: Account, kind: str) -> None:
    response = api.call("ExtractToken", fields={"token": forgeries(alice.token)[kind]}, token=alice.token)
    assert_success(response, 200)
    assert response.json() == {"active": False}


INVALID: dict[str, tuple[str, dict[str, Any]]] = {
    "token a number": ("token", {"token": 1}),
    "token a list": ("token", {"token": ["x"]}),
    "token over 8 KiB": ("token", {"token": "x" * 8193}),
    "token with NUL": ("token", {"token": "x\x00"}),
    "field unknown": ("tokens", {"tokens": "x"}),
}


@pytest.mark.parametrize(("field", "fields"), INVALID.values(), ids=INVALID)
def test_refuses_past_the_border(api: Api, style: Style, alice: Account, field: str, fields: dict[str, Any]) -> None:
    assert_invalid(api.call("ExtractToken", style, fields, token=alice.token), field)


@pytest.mark.parametrize(("rpc", "style"), PROTECTED_BINDINGS)
def test_nothing_is_let_in_without_a_token(api: Api, rpc: str, style: Style) -> None:
    assert_problem(api.call(rpc, style, WELL_FORMED.get(rpc)), 401, "CREDENTIALS_MISSING")


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forged_token_lets_nobody_in_whatever_cookie_is_there(api: Api, alice: Account, kind: str) -> None:
    response = api.call("GetUser", token=forgeries(alice.token)[kind], headers={"Cookie": alice.cookie})
    assert_problem(response, 401, "TOKEN_INVALID")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert not session_cookies(response)
    assert "X-Access-Token" not in response.headers


@pytest.mark.parametrize(
    "value", ["Basic YTpi", "Bearer", "Bearer =", "Bearer a b", "bearer", "Token x", "", "x" * 9000]
)
def test_another_authorization_lets_nobody_in(api: Api, value: str) -> None:
    assert_problem(api.call("GetUser", headers={"Authorization": value}), 401)


def test_the_scheme_is_read_in_any_case(api: Api, alice: Account) -> None:
    assert_success(api.call("GetUser", headers={"Authorization": f"bearer {alice.token}"}), 200)
