"""SetUserRole, and the rights of a role; the last administrator cannot be demoted."""

from typing import Any

import grpc
import pytest

from tests.e2e.accounts import Account, log_in
from tests.e2e.api import Api
from tests.e2e.audit import recorded
from tests.e2e.bindings import UNKNOWN_ID
from tests.e2e.grpc_client import USERS, GrpcClient
from tests.e2e.shapes import assert_invalid, assert_problem, assert_success, assert_user


def set_role(api: Api, token: str, user_id: str, role: str) -> Any:
    return api.call("SetUserRole", fields={"user_id": user_id, "role": role}, token=token)


def test_administrator_promotes_and_demotes_a_user(api: Api, admin: Account, newcomer: Account) -> None:
    promoted = set_role(api, admin.token, newcomer.user_id, "admin")
    assert_success(promoted, 200)
    assert_user(promoted.json(), email=newcomer.email, role="admin")
    boss = log_in(api, newcomer.email, newcomer.password)
    assert_success(api.call("ListUsers", token=boss.token), 200)
    demoted = set_role(api, admin.token, newcomer.user_id.upper(), "user")
    assert_user(demoted.json(), email=newcomer.email, role="user")
    assert_problem(api.call("ListUsers", token=boss.token), 401)
    former = log_in(api, newcomer.email, newcomer.password)
    assert_problem(api.call("ListUsers", token=former.token), 403, "ACCESS_DENIED")


def test_role_change_ends_the_sessions_and_their_tokens(api: Api, admin: Account, newcomer: Account) -> None:
    other = log_in(api, newcomer.email, newcomer.password)
    assert_success(set_role(api, admin.token, newcomer.user_id, "admin"), 200)
    for account in (newcomer, other):
        assert_problem(api.call("GetUser", token=account.token), 401)
        assert_problem(api.call("GetUser", headers={"Cookie": account.cookie}), 401, "SESSION_INVALID")


def test_setting_the_same_role_changes_nothing(api: Api, admin: Account, newcomer: Account) -> None:
    response = set_role(api, admin.token, newcomer.user_id, "user")
    assert_success(response, 200)
    assert_user(response.json(), email=newcomer.email)
    assert_success(api.call("GetUser", token=newcomer.token), 200)
    assert [event["kind"] for event in recorded(api, admin.token, newcomer.user_id)] == ["registered"]


def test_role_change_is_in_the_audit_log(api: Api, admin: Account, newcomer: Account) -> None:
    assert_success(set_role(api, admin.token, newcomer.user_id, "admin"), 200)
    event = recorded(api, admin.token, newcomer.user_id, "role_changed")[0]
    assert (event["kind"], event["actor_id"], event["detail"]) == (
        "role_changed",
        admin.user_id,
        {"from": "user", "to": "admin"},
    )
    assert_success(set_role(api, admin.token, newcomer.user_id, "user"), 200)


def test_role_change_is_for_administrators_only(api: Api, alice: Account, bob: Account) -> None:
    for user_id in (alice.user_id, bob.user_id, UNKNOWN_ID):
        assert_problem(set_role(api, alice.token, user_id, "admin"), 403, "ACCESS_DENIED")
    assert_problem(api.call("SetUserRole", fields={"user_id": alice.user_id, "role": "admin"}), 401)
    assert api.call("GetUser", token=alice.token).json()["role"] == "user"


def test_unknown_user_is_not_found(api: Api, admin: Account) -> None:
    assert_problem(set_role(api, admin.token, UNKNOWN_ID, "admin"), 404, "USER_NOT_FOUND")


@pytest.mark.parametrize("user_id", ["you", UNKNOWN_ID[:-1], UNKNOWN_ID + "0", "%", "1"])
def test_invalid_user_id_is_refused(api: Api, admin: Account, user_id: str) -> None:
    assert_invalid(set_role(api, admin.token, user_id, "user"), "user_id")


@pytest.mark.parametrize("body", [{}, {"role": "unspecified"}, {"role": "root"}, {"role": ""}, {"role": None}], ids=str)
def test_invalid_role_is_refused(api: Api, admin: Account, newcomer: Account, body: dict[str, Any]) -> None:
    assert_invalid(api.send("PATCH", f"/api/v1/users/{newcomer.user_id}", json_body=body, token=admin.token), "role")


def test_unknown_fields_are_refused(api: Api, admin: Account, newcomer: Account) -> None:
    body = {"role": "user", "email": "x@example.com"}
    assert_invalid(api.send("PATCH", f"/api/v1/users/{newcomer.user_id}", json_body=body, token=admin.token), "email")


def test_role_change_over_grpc_is_for_administrators_only(
    grpc_clients: dict[str, GrpcClient], alice: Account, admin: Account
) -> None:
    client, fields = grpc_clients["user-svc"], {"user_id": alice.user_id, "role": "ROLE_ADMIN"}
    refusal = client.refusal(f"{USERS}.SetUserRole", fields, token=alice.token)
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED")
    refusal = client.refusal(f"{USERS}.SetUserRole", fields)
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING")
    same = client.call(f"{USERS}.SetUserRole", {**fields, "role": "ROLE_USER"}, token=admin.token)
    assert same.user.user_id == alice.user_id
    refusal = client.refusal(f"{USERS}.ListUsers", token=alice.token)
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED")
