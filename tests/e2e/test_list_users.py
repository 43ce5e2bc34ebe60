"""ListUsers: keyset pages of accounts, newest first, for administrators."""

from typing import Any

import pytest

from tests.e2e.accounts import Account, register
from tests.e2e.api import Api
from tests.e2e.bindings import UNKNOWN_ID
from tests.e2e.shapes import assert_invalid, assert_problem, assert_success, assert_user


def page(api: Api, token: str, **fields: Any) -> dict[str, Any]:
    response = api.call("ListUsers", fields=fields, token=token)
    assert_success(response, 200)
    body: dict[str, Any] = response.json()
    assert set(body) == {"users", "next_page_token"}
    return body


def test_pages_hold_each_user_once_while_accounts_are_added(api: Api, admin: Account) -> None:
    oldest, *others = [register(api) for _ in range(5)]
    since = page(api, admin.token, email=oldest.email)["users"][0]["created_at"]
    fields: dict[str, Any] = {"since": since, "page_size": 2}
    seen: list[str] = []
    while True:
        body = page(api, admin.token, **fields)
        assert len(body["users"]) <= 2
        seen += [user["user_id"] for user in body["users"]]
        if not body["next_page_token"]:
            break
        fields["page_token"] = body["next_page_token"]
        register(api)
    mine = [account.user_id for account in (oldest, *others)]
    assert [user_id for user_id in seen if user_id in mine] == mine[::-1]
    assert len(seen) == len(set(seen))


def test_filters_select_the_matching_users(api: Api, admin: Account, newcomer: Account) -> None:
    (found,) = page(api, admin.token, email=newcomer.email.upper())["users"]
    assert_user(found, email=newcomer.email)
    assert page(api, admin.token, email=newcomer.email, role="admin")["users"] == []
    assert page(api, admin.token, email="nobody@example.com")["users"] == []
    assert admin.user_id in {user["user_id"] for user in page(api, admin.token, role="admin", page_size=100)["users"]}
    assert page(api, admin.token, since="9999-12-31T23:59:59Z")["users"] == []
    assert page(api, admin.token, until="2000-01-01T00:00:00Z")["users"] == []


def test_page_token_of_another_list_is_refused(api: Api, admin: Account, alice: Account, bob: Account) -> None:
    token = page(api, admin.token, page_size=1)["next_page_token"]
    for changes in ({"role": "user"}, {"email": alice.email}, {"since": "2026-01-01T00:00:00Z"}):
        response = api.call("ListUsers", fields={**changes, "page_token": token}, token=admin.token)
        assert_invalid(response, "page_token", "PAGE_TOKEN_INVALID")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("page_size", value) for value in ("0", "101", "ten", "")),
        *(("role", value) for value in ("", "root", "unspecified", "1")),
        *(("email", value) for value in ("", "nobody", "a" * 250 + "@example.com")),
        *(("page_token", value) for value in ("x", "AAAA", "ä", "t" * 43, "t" * 257)),
        ("since", "now"),
        ("until", "2026-11-23"),
        ("user_id", UNKNOWN_ID),
        ("password_hash", "x"),
    ],
)
def test_parameters_outside_the_contract_are_refused(api: Api, admin: Account, name: str, value: str) -> None:
    assert_invalid(api.call("ListUsers", fields={name: value}, token=admin.token), name)


def test_empty_period_is_refused(api: Api, admin: Account) -> None:
    fields = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    assert_invalid(api.call("ListUsers", fields=fields, token=admin.token), "until", "INVALID_REQUEST")


def test_user_list_is_for_administrators_only(api: Api, alice: Account) -> None:
    assert_problem(api.call("ListUsers"), 401, "CREDENTIALS_MISSING")
    for fields in ({}, {"email": alice.email}, {"since": "now"}):
        assert_problem(api.call("ListUsers", fields=fields, token=alice.token), 403, "ACCESS_DENIED")
