"""Rate limits: per user, or per client address for anonymous requests; per class; every refusal is explained.

Runs on a separate stack with small quotas. Each test uses its own client addresses: the stack trusts the
X-Forwarded-For of loopback.
"""

import ipaddress
import itertools
import random
import re
import time
from collections.abc import Callable

import httpx2
import pytest

from tests.e2e.accounts import Account, register, session_cookie, session_cookies
from tests.e2e.api import Api, Headers
from tests.e2e.bindings import Style
from tests.e2e.shapes import assert_problem, assert_success
from tests.running.polling import eventually

DEFAULT_QUOTA, DEFAULT_WINDOW_S = 10, 30
CREDENTIALS_QUOTA, CREDENTIALS_WINDOW_S = 3, 60


def fresh_address() -> Headers:
    """Returns a client address that no other test uses."""
    network = ipaddress.ip_network("198.18.0.0/15")
    return {"X-Forwarded-For": str(network[random.randrange(1, network.num_addresses - 1)])}  # noqa: S311


def exhaust(call: Callable[[], httpx2.Response], quota: int, window_s: float) -> httpx2.Response:
    """Returns the first refusal, and checks that the quota was admitted before, plus at most its refill."""
    started = time.monotonic()
    admitted, response = 0, call()
    while response.status_code != 429 and admitted < 3 * quota:
        admitted, response = admitted + 1, call()
    refilled = (time.monotonic() - started) / window_s * quota
    assert quota <= admitted <= quota + refilled + 1
    return response


def assert_refusal(response: httpx2.Response, quota: int, window_s: int) -> None:
    decision = assert_problem(response, 429, "RATE_LIMITED")["decision"]
    retry_after_s = int(response.headers["Retry-After"])
    assert 1 <= retry_after_s <= window_s
    assert (decision["limit"], decision["remaining"]) == (quota, 0)
    assert 0 < decision["retry_after_s"] <= retry_after_s


def spend_user(api: Api, account: Account, style: Style = Style.SHORT) -> httpx2.Response:
    call = lambda: api.call("GetUser", style, token=account.token, headers=fresh_address())  # noqa: E731
    return exhaust(call, DEFAULT_QUOTA, DEFAULT_WINDOW_S)


@pytest.fixture
def visitor(strict_api: Api) -> Account:
    """A user for this test alone, registered from its own address."""
    return register(strict_api, headers=fresh_address())


def test_quota_of_a_user_is_independent_of_the_address(strict_api: Api, style: Style, visitor: Account) -> None:
    assert_refusal(spend_user(strict_api, visitor, style), DEFAULT_QUOTA, DEFAULT_WINDOW_S)


def test_bindings_and_methods_of_a_class_share_one_quota(strict_api: Api, visitor: Account) -> None:
    spend_user(strict_api, visitor)
    for rpc in ("GetUser", "ListOrders", "ListSessions"):
        assert_problem(strict_api.call(rpc, Style.RESOURCE, token=visitor.token), 429, "RATE_LIMITED")


def test_quota_of_another_user_is_untouched(strict_api: Api, visitor: Account) -> None:
    spend_user(strict_api, visitor)
    other = register(strict_api, headers=fresh_address())
    assert_success(strict_api.call("GetUser", token=other.token), 200)


def test_requests_are_admitted_again_after_retry_after(strict_api: Api, visitor: Account) -> None:
    refusal = spend_user(strict_api, visitor)
    wait_s = int(refusal.headers["Retry-After"])

    def admitted() -> httpx2.Response | None:
        response = strict_api.call("GetUser", token=visitor.token)
        return response if response.status_code == 200 else None

    eventually(admitted, within_s=wait_s + 2)


def test_every_response_carries_the_quota(strict_api: Api, style: Style, visitor: Account) -> None:
    remaining = []
    for _ in range(2):
        response = strict_api.call("GetUser", style, token=visitor.token)
        policy = dict(part.split("=") for part in response.headers["RateLimit-Policy"].split(";")[1:])
        state = dict(part.split("=") for part in response.headers["RateLimit"].split(";")[1:])
        assert (int(policy["q"]), int(policy["w"])) == (DEFAULT_QUOTA, DEFAULT_WINDOW_S)
        name = re.match(r'"[\w-]+"', response.headers["RateLimit-Policy"])
        assert name
        assert response.headers["RateLimit"].startswith(name.group())
        assert 0 <= int(state.get("t", 0)) <= DEFAULT_WINDOW_S
        remaining.append(int(state["r"]))
    assert remaining[1] <= remaining[0] < DEFAULT_QUOTA


@pytest.mark.parametrize("rpc", ["Login", "Register"])
def test_address_has_a_quota_of_credential_requests(strict_api: Api, style: Style, rpc: str) -> None:
    address = fresh_address()
    fields = {"email": "nobody@example.com", "password": "not the password"}
    refusal = exhaust(
        lambda: strict_api.call(rpc, style, fields, headers=address), CREDENTIALS_QUOTA, CREDENTIALS_WINDOW_S
    )
    assert_refusal(refusal, CREDENTIALS_QUOTA, CREDENTIALS_WINDOW_S)
    response = strict_api.call("Login", style, fields, headers=fresh_address())
    assert_problem(response, 401, "INVALID_CREDENTIALS")


def test_forwarded_address_from_the_client_is_ignored(strict_api: Api) -> None:
    address = fresh_address()["X-Forwarded-For"]
    fields = {"email": "nobody@example.com", "password": "not the password"}

    def forged() -> httpx2.Response:
        forwarded = {"X-Forwarded-For": f"{fresh_address()['X-Forwarded-For']}, {address}"}
        return strict_api.call("Login", fields=fields, headers=forwarded)

    assert_refusal(exhaust(forged, CREDENTIALS_QUOTA, CREDENTIALS_WINDOW_S), CREDENTIALS_QUOTA, CREDENTIALS_WINDOW_S)


def test_each_rate_class_has_its_own_quota(strict_api: Api, visitor: Account) -> None:
    spend_user(strict_api, visitor)
    fields = {"current_password": "not the password", "new_password": "another password of mine"}
    response = strict_api.call("ChangePassword", fields=fields, token=visitor.token)
    assert response.status_code in {401, 403}


def test_trusted_proxy_names_the_client_address(strict_api: Api) -> None:
    address = fresh_address()
    account = register(strict_api, headers=address)
    (session,) = strict_api.call("ListSessions", token=account.token).json()["sessions"]
    assert session["ip"] == address["X-Forwarded-For"]


@pytest.mark.parametrize("proxies", ["", ", 10.99.0.1", ", 10.99.0.1, 10.99.7.7"], ids=["one", "two", "three"])
def test_client_address_is_what_the_first_trusted_proxy_saw(strict_api: Api, proxies: str) -> None:
    address = fresh_address()["X-Forwarded-For"]
    forwarded = f"192.0.2.66, 10.99.3.3, {address}{proxies}"
    account = register(strict_api, headers={"X-Forwarded-For": forwarded})
    (session,) = strict_api.call("ListSessions", token=account.token).json()["sessions"]
    assert session["ip"] == address


def test_ipv6_network_of_64_bits_has_one_quota(strict_api: Api) -> None:
    network = f"2001:db8:{random.randrange(1, 65536):x}"  # noqa: S311
    hosts = itertools.count(1)

    def call(subnet: int) -> httpx2.Response:
        headers = {"X-Forwarded-For": f"{network}:{subnet}:{next(hosts):x}::1"}
        return strict_api.call("GetUser", headers=headers)

    assert_refusal(exhaust(lambda: call(1), DEFAULT_QUOTA, DEFAULT_WINDOW_S), DEFAULT_QUOTA, DEFAULT_WINDOW_S)
    assert_problem(call(2), 401)


def test_request_refused_by_the_address_quota_renews_nothing(strict_api: Api, visitor: Account) -> None:
    address = fresh_address()
    exhaust(lambda: strict_api.call("GetUser", headers=address), DEFAULT_QUOTA, DEFAULT_WINDOW_S)
    headers = {**address, "Cookie": visitor.cookie}
    response = strict_api.call("GetUser", headers=headers)
    assert_problem(response, 429, "RATE_LIMITED")
    assert not session_cookies(response)
    assert "X-Access-Token" not in response.headers


def test_request_refused_by_the_user_quota_is_renewed(strict_api: Api, visitor: Account) -> None:
    spend_user(strict_api, visitor)
    response = strict_api.call("GetUser", headers={**fresh_address(), "Cookie": visitor.cookie})
    assert_problem(response, 429, "RATE_LIMITED")
    assert response.headers["X-Access-Token"]
    assert session_cookie(response) != visitor.cookie


def test_secure_cookie_has_the_host_prefix(visitor: Account) -> None:
    assert visitor.cookie.startswith("__Host-session_key=")
