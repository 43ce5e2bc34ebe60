"""ListSessions, RevokeSession and Logout."""

from datetime import datetime

import pytest

from tests.e2e.accounts import Account, log_in, register, session_cookies
from tests.e2e.api import Api, Headers
from tests.e2e.bindings import Style
from tests.e2e.shapes import (
    assert_cleared_cookie,
    assert_invalid,
    assert_problem,
    assert_recent_time,
    assert_success,
)

SESSION_FIELDS = {"session_id", "created_at", "last_used_at", "ip", "user_agent", "current"}


def listed(api: Api, token: str, style: Style = Style.SHORT) -> list[dict[str, object]]:
    response = api.call("ListSessions", style, token=token)
    assert_success(response, 200)
    body = response.json()
    assert set(body) == {"sessions"}
    sessions: list[dict[str, object]] = body["sessions"]
    assert all(set(session) == SESSION_FIELDS for session in sessions)
    return sessions


def current_id(api: Api, account: Account) -> str:
    (session,) = (session for session in listed(api, account.token) if session["current"])
    return str(session["session_id"])


@pytest.mark.local_platform
def test_session_list_describes_the_session(api: Api, style: Style) -> None:
    account = register(api, headers={"User-Agent": "Lynx/2.9 (ünïcode)".encode()})
    (session,) = listed(api, account.token, style)
    assert_recent_time(session["created_at"])
    assert_recent_time(session["last_used_at"])
    assert str(session["last_used_at"]) >= str(session["created_at"])
    assert str(session["user_agent"]).startswith("Lynx/2.9")
    assert session["current"] is True
    assert session["ip"] == "127.0.0.1"


@pytest.mark.local_platform
@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}])
def test_address_claimed_by_the_client_is_ignored(api: Api, headers: Headers) -> None:
    (session,) = listed(api, register(api, headers=headers).token)
    assert session["ip"] == "127.0.0.1"


def test_session_list_holds_every_login_the_last_used_first(api: Api, style: Style, newcomer: Account) -> None:
    others = [log_in(api, newcomer.email, newcomer.password) for _ in range(3)]
    sessions = listed(api, others[1].token, style)
    assert len({session["session_id"] for session in sessions}) == 4
    assert [session["current"] for session in sessions].count(True) == 1
    # Compared as times: a whole second has no fraction.
    used = [datetime.fromisoformat(str(session["last_used_at"])) for session in sessions]
    assert used == sorted(used, reverse=True)


def test_twenty_first_login_ends_the_oldest_session(api: Api, newcomer: Account) -> None:
    logins = [log_in(api, newcomer.email, newcomer.password) for _ in range(20)]
    assert len(listed(api, logins[-1].token)) == 20
    assert_problem(api.call("GetUser", headers={"Cookie": newcomer.cookie}), 401, "SESSION_INVALID")
    assert_success(api.call("GetUser", headers={"Cookie": logins[0].cookie}), 200)


def test_user_revokes_another_session(api: Api, style: Style, newcomer: Account) -> None:
    other = log_in(api, newcomer.email, newcomer.password)
    fields = {"session_id": current_id(api, other)}
    assert_success(api.call("RevokeSession", style, fields, token=newcomer.token), 204)
    assert len(listed(api, newcomer.token)) == 1
    assert_problem(api.call("GetUser", headers={"Cookie": other.cookie}), 401, "SESSION_INVALID")
    assert_problem(api.call("RevokeSession", style, fields, token=newcomer.token), 404, "SESSION_NOT_FOUND")


def test_user_revokes_the_current_session(api: Api, style: Style, newcomer: Account) -> None:
    fields = {"session_id": current_id(api, newcomer)}
    assert_success(api.call("RevokeSession", style, fields, token=newcomer.token), 204)
    assert_problem(api.call("GetUser", headers={"Cookie": newcomer.cookie}), 401, "SESSION_INVALID")


def test_session_of_another_user_is_not_found(api: Api, style: Style, alice: Account, newcomer: Account) -> None:
    fields = {"session_id": current_id(api, newcomer)}
    response = api.call("RevokeSession", style, fields, token=alice.token)
    assert_problem(response, 404, "SESSION_NOT_FOUND")
    assert len(listed(api, newcomer.token)) == 1


def test_unknown_session_is_not_found(api: Api, style: Style, alice: Account) -> None:
    response = api.call("RevokeSession", style, {"session_id": "A" * 22}, token=alice.token)
    assert_problem(response, 404, "SESSION_NOT_FOUND")


@pytest.mark.parametrize("session_id", ["x" * 65, "a b", "ä", "a.b", "x\n", "x\x00", "*"])
def test_invalid_session_id_is_refused(api: Api, style: Style, alice: Account, session_id: str) -> None:
    response = api.call("RevokeSession", style, {"session_id": session_id}, token=alice.token)
    assert_invalid(response, "session_id")


def test_logout_ends_the_session_and_clears_the_cookie(api: Api, style: Style, newcomer: Account) -> None:
    other = log_in(api, newcomer.email, newcomer.password)
    response = api.call("Logout", style, token=newcomer.token, headers={"Cookie": newcomer.cookie})
    assert_success(response, 204)
    (cookie,) = session_cookies(response)
    assert_cleared_cookie(cookie)
    assert response.headers["Cache-Control"] == "no-store"
    assert_problem(api.call("GetUser", headers={"Cookie": newcomer.cookie}), 401, "SESSION_INVALID")
    assert_success(api.call("GetUser", headers={"Cookie": other.cookie}), 200)


@pytest.mark.parametrize("key", ["dead", "garbage", "a b", "", "x" * 600])
def test_logout_of_an_ended_session_clears_the_cookie(api: Api, style: Style, newcomer: Account, key: str) -> None:
    """A script cannot delete an HttpOnly cookie, so the gateway must."""
    if key == "dead":
        assert_success(api.call("Logout", token=newcomer.token), 204)
    cookie = newcomer.cookie if key == "dead" else f"{newcomer.cookie.partition('=')[0]}={key}"
    response = api.call("Logout", style, headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin"})
    assert_success(response, 204)
    (cleared,) = session_cookies(response)
    assert_cleared_cookie(cleared)
    assert response.headers["Cache-Control"] == "no-store"
    assert "X-Access-Token" not in response.headers


def test_logout_with_the_token_of_an_ended_session_succeeds(api: Api, style: Style, newcomer: Account) -> None:
    for _ in range(2):
        response = api.call("Logout", style, token=newcomer.token, headers={"Cookie": newcomer.cookie})
        assert_success(response, 204)
        (cleared,) = session_cookies(response)
        assert_cleared_cookie(cleared)


def test_logout_from_another_site_clears_nothing(api: Api, style: Style, newcomer: Account) -> None:
    for cookie in (newcomer.cookie, f"{newcomer.cookie.partition('=')[0]}=garbage"):
        response = api.call("Logout", style, headers={"Cookie": cookie, "Sec-Fetch-Site": "cross-site"})
        assert_problem(response, 403, "CROSS_SITE_REQUEST")
        assert not session_cookies(response)


def test_logout_without_credentials_is_refused(api: Api, style: Style) -> None:
    assert_problem(api.call("Logout", style), 401, "CREDENTIALS_MISSING")


def test_session_list_shows_the_last_used_address(api: Api, newcomer: Account) -> None:
    for agent, headers in (("Links/2.30", {"Cookie": newcomer.cookie}), ("w3m/0.5", {})):
        token = None if headers else newcomer.token
        assert_success(api.call("GetUser", token=token, headers={**headers, "User-Agent": agent}), 200)
        sessions = api.call("ListSessions", token=newcomer.token, headers={"User-Agent": agent}).json()["sessions"]
        assert [session["user_agent"] for session in sessions] == [agent]


def test_logout_needs_no_body(api: Api, newcomer: Account) -> None:
    assert_success(api.send("POST", "/api/users/logout", token=newcomer.token), 204)


def test_logout_refuses_fields_in_its_body(api: Api, alice: Account) -> None:
    response = api.call("Logout", fields={"everywhere": True}, token=alice.token)
    assert_invalid(response, "everywhere")
