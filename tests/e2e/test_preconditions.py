"""A precondition that cannot be checked is refused, never ignored."""

import pytest

from tests.e2e.accounts import Account
from tests.e2e.api import Api
from tests.e2e.bindings import BINDINGS, ROWS, WELL_FORMED, Style
from tests.e2e.shapes import assert_problem, assert_success

CHECKED = {"UpdateOrderStatus", "DeleteOrder"}
UNSAFE = [(rpc, style) for rpc, style in BINDINGS if ROWS[rpc][style].verb != "GET"]
UNCHECKED = [(rpc, style) for rpc, style in UNSAFE if rpc not in CHECKED]
UNVERSIONED = [(rpc, style) for rpc, style in BINDINGS if ROWS[rpc][style].verb == "GET" and rpc != "GetOrder"]


def _fields(rpc: str, style: Style, account: Account) -> dict[str, object]:
    credentials = {"email": account.email, "password": account.password}
    more = {"Login": credentials, "Register": {**credentials, "email": f"new.{account.email}", "name": "Ada"}}
    fields = dict(more.get(rpc, WELL_FORMED.get(rpc, {})))
    if "{user_id}" in ROWS[rpc][style].path:
        fields.setdefault("user_id", "me")
    return fields


def _caller(request: pytest.FixtureRequest, rpc: str) -> Account:
    """Returns a user, or an administrator if the method requires one."""
    account: Account = request.getfixturevalue("admin" if ROWS[rpc].admin else "alice")
    return account


@pytest.mark.parametrize(("rpc", "style"), UNCHECKED)
@pytest.mark.parametrize("value", ['"nope"', '"1"', "*", 'W/"1"'])
def test_if_match_is_refused_by_methods_without_a_version(
    api: Api, request: pytest.FixtureRequest, rpc: str, style: Style, value: str
) -> None:
    caller = _caller(request, rpc)
    response = api.call(rpc, style, _fields(rpc, style, caller), token=caller.token, headers={"If-Match": value})
    assert_problem(response, 412, "PRECONDITION_NOT_SUPPORTED")
    assert "Set-Cookie" not in response.headers
    assert_success(api.call("GetUser", fields={}, token=caller.token), 200)


@pytest.mark.parametrize(("rpc", "style"), UNSAFE)
@pytest.mark.parametrize("name", ["If-None-Match", "If-Unmodified-Since"])
def test_preconditions_that_unsafe_methods_do_not_check_are_refused(
    api: Api, request: pytest.FixtureRequest, rpc: str, style: Style, name: str
) -> None:
    caller = _caller(request, rpc)
    value = "*" if name == "If-None-Match" else "Sat, 29 Oct 1994 19:43:31 GMT"
    response = api.call(rpc, style, _fields(rpc, style, caller), token=caller.token, headers={name: value})
    assert_problem(response, 412, "PRECONDITION_NOT_SUPPORTED")
    assert_success(api.call("GetUser", fields={}, token=caller.token), 200)


@pytest.mark.parametrize(("rpc", "style"), UNVERSIONED)
def test_conditional_get_of_a_response_without_a_version(
    api: Api, request: pytest.FixtureRequest, rpc: str, style: Style
) -> None:
    caller = _caller(request, rpc)
    fields = _fields(rpc, style, caller)
    for name, value, status in (
        ("If-None-Match", '"1"', 200),
        ("If-None-Match", "*", 304),
        ("If-Match", "*", 200),
        ("If-Modified-Since", "Sat, 29 Oct 1994 19:43:31 GMT", 200),
        ("If-Range", '"1"', 200),
    ):
        response = api.call(rpc, style, fields, token=caller.token, headers={name: value})
        assert response.status_code == status, (name, value, response.text)
    for name, value in (("If-Match", '"1"'), ("If-Unmodified-Since", "Sat, 29 Oct 1994 19:43:31 GMT")):
        response = api.call(rpc, style, fields, token=caller.token, headers={name: value})
        assert_problem(response, 412, "PRECONDITION_NOT_SUPPORTED")
