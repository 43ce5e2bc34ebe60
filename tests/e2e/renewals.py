"""Renewals of a session, as clients see them."""

import httpx2

from tests.e2e.accounts import session_cookie, session_cookies
from tests.e2e.api import Api
from tests.e2e.shapes import assert_session_cookie


def assert_renewed(response: httpx2.Response) -> str:
    """Returns the new session cookie of a response that renewed the session."""
    (cookie,) = session_cookies(response)
    assert_session_cookie(cookie)
    assert response.headers["X-Access-Token"].count(".") == 2
    assert int(response.headers["X-Access-Token-Expires-In"]) > 0
    assert response.headers["Cache-Control"] == "no-store"
    return session_cookie(response)


def assert_not_renewed(response: httpx2.Response) -> None:
    assert not session_cookies(response)
    assert "X-Access-Token" not in response.headers


def present(api: Api, cookie: str, rpc: str = "GetUser") -> httpx2.Response:
    return api.call(rpc, headers={"Cookie": cookie})
