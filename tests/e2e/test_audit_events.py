"""ListAuditEvents: keyset pages, newest first, for administrators."""

import json
from typing import Any
from urllib.parse import quote

import grpc
import pytest

from tests.e2e.accounts import Account, log_in, register, unique_password
from tests.e2e.api import Api
from tests.e2e.audit import audit_page, recorded
from tests.e2e.bindings import UNKNOWN_ID, Style
from tests.e2e.grpc_client import AUDIT, TIMEOUT_S, GrpcClient, refusal_of
from tests.e2e.renewals import assert_renewed, present
from tests.e2e.shapes import assert_invalid, assert_problem, assert_success

FAR_FUTURE = "9999-12-31T23:59:59.999999999Z"


def kinds(body: dict[str, Any]) -> list[str]:
    return [event["kind"] for event in body["events"]]


@pytest.fixture(scope="module")
def history(api: Api, admin: Account) -> tuple[Account, list[dict[str, Any]]]:
    """A user with 5 events, newest first, that no test changes."""
    account = register(api)
    for _ in range(4):
        log_in(api, account.email, account.password)
    return account, recorded(api, admin.token, account.user_id)


@pytest.mark.local_platform
def test_audit_log_records_every_kind_of_event(api: Api, style: Style, admin: Account) -> None:
    account = register(api, headers={"X-Request-Id": "audit-registered"})
    logged_in = log_in(api, account.email, account.password, headers={"X-Request-Id": "audit-logged_in"})
    wrong = {"email": account.email, "password": unique_password()}
    failed = {"X-Request-Id": "audit-login_failed"}
    assert_problem(api.call("Login", style, wrong, headers=failed), 401)
    cookie = account.cookie
    for _ in range(2):
        renewing = {"Cookie": cookie, "X-Request-Id": "audit-session_renewed"}
        cookie = assert_renewed(api.call("GetUser", style, headers=renewing))
    reusing = {"Cookie": account.cookie, "X-Request-Id": "audit-session_reused"}
    assert_problem(api.call("GetUser", style, headers=reusing), 401, "SESSION_REUSED")
    change = {"current_password": account.password, "new_password": unique_password()}
    headers = {"X-Request-Id": "audit-password_changed"}
    assert_success(api.call("ChangePassword", style, change, token=logged_in.token, headers=headers), 204)
    headers = {"X-Request-Id": "audit-role_changed"}
    role = {"user_id": account.user_id, "role": "admin"}
    assert_success(api.call("SetUserRole", fields=role, token=admin.token, headers=headers), 200)
    again = log_in(api, account.email, change["new_password"], headers={"X-Request-Id": "audit-logged_in"})
    other = log_in(api, account.email, change["new_password"], headers={"X-Request-Id": "audit-logged_in"})
    session_id = other.cookie.partition("=")[2].partition(".")[0]
    headers = {"X-Request-Id": "audit-session_revoked"}
    revoke = api.call("RevokeSession", style, {"session_id": session_id}, token=again.token, headers=headers)
    assert_success(revoke, 204)
    headers = {"X-Request-Id": "audit-user_deleted"}
    fields = {"user_id": account.user_id}
    assert_success(api.call("DeleteUser", style, fields, token=admin.token, headers=headers), 204)

    own = {"registered", "logged_in", "session_renewed", "session_revoked", "password_changed"}
    found = recorded(
        api, admin.token, account.user_id, *own, "login_failed", "session_reused", "role_changed", "user_deleted"
    )
    for event in found:
        assert event["subject_id"] == account.user_id
        assert event["ip"] == "127.0.0.1"
        assert event["request_id"] == f"audit-{event['kind']}"
        actor = dict.fromkeys(("user_deleted", "role_changed"), admin.user_id) | dict.fromkeys(own, account.user_id)
        assert event.get("actor_id") == actor.get(event["kind"])
    assert json.dumps(found).find(cookie.partition("=")[2]) == -1
    assert found[-1]["kind"] == "registered"


def test_pages_hold_each_event_once(
    api: Api, style: Style, admin: Account, history: tuple[Account, list[dict[str, Any]]]
) -> None:
    account, newest_first = history
    assert kinds({"events": newest_first}) == ["logged_in"] * 4 + ["registered"]
    seen: list[dict[str, Any]] = []
    fields: dict[str, Any] = {"user_id": account.user_id, "page_size": 2}
    while True:
        body = audit_page(api, admin.token, style, **fields)
        assert len(body["events"]) <= 2
        seen += body["events"]
        if not body["next_page_token"]:
            break
        fields["page_token"] = body["next_page_token"]
    assert seen == newest_first


def test_pages_are_stable_while_events_are_added(api: Api, style: Style, admin: Account, newcomer: Account) -> None:
    log_in(api, newcomer.email, newcomer.password)
    fields = {"user_id": newcomer.user_id, "page_size": 1}
    first = audit_page(api, admin.token, style, **fields)
    log_in(api, newcomer.email, newcomer.password)
    second = audit_page(api, admin.token, style, page_token=first["next_page_token"], **fields)
    assert kinds(first) + kinds(second) == ["logged_in", "registered"]


def test_filters_select_the_matching_events(
    api: Api, style: Style, admin: Account, history: tuple[Account, list[dict[str, Any]]]
) -> None:
    account, newest_first = history
    user_id = account.user_id

    def found(**fields: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = audit_page(api, admin.token, style, **fields)["events"]
        return events

    assert found(user_id=user_id.upper()) == newest_first
    assert found(user_id=user_id, kind="registered") == newest_first[-1:]
    assert found(user_id=user_id, kind="user_deleted") == found(user_id=UNKNOWN_ID) == []
    second, fourth = newest_first[3]["at"], newest_first[1]["at"]
    assert found(user_id=user_id, since=second, until=fourth) == newest_first[2:4]
    assert found(user_id=user_id, kind="logged_in", until=fourth) == newest_first[2:4]
    elsewhere = f"{fourth.removesuffix('Z')}-00:00"
    assert found(user_id=user_id, since=elsewhere, until=FAR_FUTURE) == newest_first[:2]
    assert newest_first[0] in audit_page(api, admin.token, style, since=newest_first[0]["at"], page_size=100)["events"]
    assert all(event["kind"] == "logged_in" for event in found(kind="logged_in"))


def test_page_token_of_another_list_is_refused(
    api: Api, style: Style, admin: Account, history: tuple[Account, list[dict[str, Any]]]
) -> None:
    fields = {"user_id": history[0].user_id, "page_size": 1}
    token = audit_page(api, admin.token, style, **fields)["next_page_token"]
    for changes in ({"user_id": UNKNOWN_ID}, {"kind": "logged_in"}, {"since": "2026-01-01T00:00:00Z"}):
        response = api.call("ListAuditEvents", style, {**fields, **changes, "page_token": token}, token=admin.token)
        assert_invalid(response, "page_token", "PAGE_TOKEN_INVALID")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("page_size", value) for value in ("0", "101", "ten", "")),
        *(("kind", value) for value in ("", "unknown", "unspecified", "LOGGED_IN", "2")),
        *(("user_id", value) for value in ("", "me", "1", UNKNOWN_ID[:-1])),
        *(("since", value) for value in ("", "now", "0", "2026-11-23", "2026-11-23T10:00:00", "2026-02-30T00:00:00Z")),
        *(("until", value) for value in ("0000-01-01T00:00:00Z", "9999-12-31T23:59:59-00:01", "٢٠٢٦-01-01T00:00:00Z")),
        *(("page_token", value) for value in ("x", "====", "AAAA", "ä", "t" * 32, "t" * 257, "\x00")),
        ("detail", "x"),
        ("since.seconds", "1"),
    ],
)
def test_parameters_outside_the_contract_are_refused(
    api: Api, style: Style, admin: Account, name: str, value: str
) -> None:
    assert_invalid(api.call("ListAuditEvents", style, {name: value}, token=admin.token), name)


def test_plus_in_a_query_is_read_as_a_space(api: Api, admin: Account) -> None:
    offset = "2026-01-01T00:00:00+01:00"
    problem = assert_invalid(api.send("GET", f"/api/v1/audit-events?since={offset}", token=admin.token), "since")
    assert "%2B" in problem["violations"][0]["message"]
    assert_success(api.send("GET", f"/api/v1/audit-events?since={quote(offset)}", token=admin.token), 200)


@pytest.mark.parametrize("until", ["2026-01-01T00:00:00Z", "2026-01-01T00:59:59+01:00"])
def test_empty_period_is_refused(api: Api, style: Style, admin: Account, until: str) -> None:
    fields = {"since": "2026-01-01T00:00:00Z", "until": until}
    response = api.call("ListAuditEvents", style, fields, token=admin.token)
    assert_invalid(response, "until", "INVALID_REQUEST")


def test_audit_log_is_refused_to_ordinary_users(api: Api, style: Style, alice: Account) -> None:
    assert_problem(api.call("ListAuditEvents", style), 401, "CREDENTIALS_MISSING")
    for fields in ({}, {"user_id": alice.user_id}, {"since": "now"}):
        assert_problem(api.call("ListAuditEvents", style, fields, token=alice.token), 403, "ACCESS_DENIED")
    by_cookie = api.call("ListAuditEvents", style, headers={"Cookie": register(api).cookie})
    assert_problem(by_cookie, 403, "ACCESS_DENIED")


def test_audit_log_is_readable_with_an_administrators_cookie(api: Api, admin: Account) -> None:
    cookie = log_in(api, admin.email, admin.password).cookie
    response = present(api, cookie, "ListAuditEvents")
    assert_success(response, 200)
    assert_renewed(response)


def test_audit_log_is_refused_to_an_ended_session(api: Api, style: Style, admin: Account) -> None:
    token = log_in(api, admin.email, admin.password).token
    assert_success(api.call("Logout", token=token), 204)
    assert_problem(api.call("ListAuditEvents", style, token=token), 401)


@pytest.mark.parametrize("field", [b"\x2a", b"\x32"], ids=["since", "until"])
def test_invalid_timestamp_is_refused_by_the_service(
    grpc_clients: dict[str, GrpcClient], admin: Account, field: bytes
) -> None:
    far_beyond = field + b"\x0a\x08" + b"\xff" * 8 + b"\x7f"  # seconds: 2**63 - 1
    call = grpc_clients["user-svc"].channel.unary_unary(f"/{AUDIT}/ListAuditEvents")
    with pytest.raises(grpc.RpcError) as refused:
        call(far_beyond, metadata=(("authorization", f"Bearer {admin.token}"),), timeout=TIMEOUT_S)
    assert refusal_of(refused.value).violations == {"since" if field == b"\x2a" else "until": "timestamp.range"}


def test_audit_log_over_grpc_is_for_administrators_only(grpc_clients: dict[str, GrpcClient], alice: Account) -> None:
    refusal = grpc_clients["user-svc"].refusal(f"{AUDIT}.ListAuditEvents", token=alice.token)
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED")
