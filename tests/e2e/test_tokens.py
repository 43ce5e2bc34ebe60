"""ExtractToken, and the bearer tokens that protected routes accept."""

from typing import Any

import jwt
import pytest

from tests.e2e.accounts import Account, log_in
from tests.e2e.api import Api
from tests.e2e.bindings import PROTECTED_BINDINGS, WELL_FORMED, Style
from tests.e2e.running_stack import RunningStack
from tests.e2e.shapes import assert_invalid, assert_problem, assert_recent_time, assert_success
from tests.e2e.signers import signer_of
from tests.examples.forgeries import FORGERIES, FORGERY_SAMPLE
from tests.examples.forgeries.in_headers import UNSENDABLE

ACTIVE_FIELDS = {"active", "user_id", "role", "session_id", "issued_at", "expires_at"}
MAX_TOKEN_BYTES = 8192


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_introspection_describes_the_callers_own_token(api: Api, style: Style, alice: Account) -> None:
    response = api.call("ExtractToken", style, {}, token=alice.token)
    assert_success(response, 200)
    body = response.json()
    assert set(body) == ACTIVE_FIELDS
    assert (body["active"], body["user_id"], body["role"]) == (True, alice.user_id, "user")
    assert_recent_time(body["issued_at"])
    assert body["issued_at"] < body["expires_at"]
    assert body["session_id"] == claims_of(alice.token)["sid"]


def test_introspection_without_a_body_describes_the_callers_token(api: Api, alice: Account) -> None:
    response = api.send("POST", "/api/users/ext", token=alice.token)
    assert_success(response, 200)
    assert response.json()["user_id"] == alice.user_id


def test_token_of_another_session_of_the_caller_is_active(api: Api, style: Style, alice: Account) -> None:
    other = log_in(api, alice.email, alice.password)
    body = api.call("ExtractToken", style, {"token": other.token}, token=alice.token).json()
    assert body["active"] is True
    assert body["session_id"] == claims_of(other.token)["sid"]


def test_token_of_another_user_is_not_active(api: Api, style: Style, alice: Account, bob: Account) -> None:
    response = api.call("ExtractToken", style, {"token": bob.token}, token=alice.token)
    assert_success(response, 200)
    assert response.json() == {"active": False}


def test_administrator_introspects_the_token_of_any_user(
    api: Api, style: Style, alice: Account, admin: Account
) -> None:
    body = api.call("ExtractToken", style, {"token": alice.token}, token=admin.token).json()
    assert (body["active"], body["user_id"], body["role"]) == (True, alice.user_id, "user")
    assert api.call("ExtractToken", style, {}, token=admin.token).json()["role"] == "admin"


def test_token_of_a_revoked_session_is_not_active(api: Api, style: Style, newcomer: Account) -> None:
    other = log_in(api, newcomer.email, newcomer.password)
    assert_success(api.call("Logout", token=other.token), 204)
    response = api.call("ExtractToken", style, {"token": other.token}, token=newcomer.token)
    assert_success(response, 200)
    assert response.json() == {"active": False}


@pytest.mark.parametrize("name", [*FORGERY_SAMPLE, *UNSENDABLE])
def test_forged_token_is_not_active(api: Api, stack: RunningStack, alice: Account, name: str) -> None:
    token = FORGERIES[name](signer_of(stack, alice.token))
    response = api.call("ExtractToken", fields={"token": token}, token=alice.token)
    if len(token) > MAX_TOKEN_BYTES or "\0" in token:
        assert_invalid(response, "token")
    else:
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
def test_fields_beyond_their_limits_are_refused(
    api: Api, style: Style, alice: Account, field: str, fields: dict[str, Any]
) -> None:
    assert_invalid(api.call("ExtractToken", style, fields, token=alice.token), field)


@pytest.mark.parametrize(("rpc", "style"), PROTECTED_BINDINGS)
def test_protected_route_without_a_token_is_refused(api: Api, rpc: str, style: Style) -> None:
    assert_problem(api.call(rpc, style, WELL_FORMED.get(rpc)), 401, "CREDENTIALS_MISSING")


@pytest.mark.parametrize(
    "value", ["Basic YTpi", "Bearer", "Bearer =", "Bearer a b", "bearer", "Token x", "", "x" * 9000]
)
def test_authorization_without_a_valid_bearer_token_is_refused(api: Api, value: str) -> None:
    assert_problem(api.call("GetUser", headers={"Authorization": value}), 401)


def test_bearer_scheme_is_case_insensitive(api: Api, alice: Account) -> None:
    assert_success(api.call("GetUser", headers={"Authorization": f"bearer {alice.token}"}), 200)
