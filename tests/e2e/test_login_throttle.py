"""Failed logins delay later ones, per account and per address.

Runs on a separate stack with the service's defaults. Each test uses its own client addresses: the stack trusts the
X-Forwarded-For of loopback.
"""

import secrets
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.conftest import StartStack
from tests.e2e.accounts import Account, log_in, register, unique_email
from tests.e2e.api import Api, Headers
from tests.e2e.bindings import Style
from tests.e2e.shapes import assert_problem, assert_success
from tests.running.polling import eventually
from tests.running.stacks import Stack

FREE_PER_ACCOUNT, FREE_PER_ADDRESS, LONGEST_DELAY_S = 5, 50, 60
THROTTLED = {
    "USER_SVC_LOGIN_FREE_PER_ACCOUNT": str(FREE_PER_ACCOUNT),
    "USER_SVC_LOGIN_FREE_PER_ADDRESS": str(FREE_PER_ADDRESS),
    "GATEWAY_TRUSTED_PROXIES": "127.0.0.1",
}


@pytest.fixture(scope="module")
def throttled_stack(start_stack: StartStack) -> Stack:
    return start_stack(THROTTLED)


@pytest.fixture(scope="module")
def throttled_api(throttled_stack: Stack) -> Any:
    with Api(throttled_stack.url) as client:
        yield client


def an_address() -> Headers:
    """Returns a client address in a network that no other test uses."""
    return {"X-Forwarded-For": f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"}


def guess(api: Api, email: str, address: Headers, password: str = "wrong", style: Style = Style.SHORT) -> Any:  # noqa: S107
    return api.call("Login", style, {"email": email, "password": password}, headers=address)


def exhaust(api: Api, email: str) -> None:
    """Sends wrong passwords from changing addresses until the delay outlasts the test."""
    for _ in range(FREE_PER_ACCOUNT + 1):
        assert_problem(guess(api, email, an_address()), 401, "INVALID_CREDENTIALS")

    def refused_for_long() -> bool | None:
        response = guess(api, email, an_address())
        return True if response.status_code == 429 and int(response.headers["Retry-After"]) >= 4 else None

    assert eventually(refused_for_long, within_s=30)


def assert_throttled(response: httpx2.Response) -> dict[str, Any]:
    problem = assert_problem(response, 429, "LOGIN_THROTTLED")
    assert 1 <= int(response.headers["Retry-After"]) <= LONGEST_DELAY_S
    assert "Set-Cookie" not in response.headers
    return problem


def test_account_is_throttled_alike_whether_it_exists_or_not(throttled_api: Api, style: Style) -> None:
    alice, bob = (register(throttled_api, headers=an_address()) for _ in range(2))
    told = []
    for email, password in ((alice.email, alice.password), (bob.email, "wrong"), (unique_email(), "wrong")):
        exhaust(throttled_api, email)
        response = guess(throttled_api, email, an_address(), password, style)
        problem = assert_throttled(response)
        assert problem["decision"].pop("retry_after_s") == int(response.headers["Retry-After"])
        problem.pop("request_id")
        told.append((problem, sorted(response.headers)))
    assert told[0] == told[1] == told[2]


def test_throttled_account_opens_again_after_retry_after(throttled_api: Api) -> None:
    account = register(throttled_api, headers=an_address())
    exhaust(throttled_api, account.email)
    stranger = an_address()

    def let_in() -> bool | None:
        response = guess(throttled_api, account.email, stranger, account.password)
        return True if response.status_code == 200 else None

    assert eventually(let_in, within_s=10)


def test_owner_of_a_throttled_account_logs_in_from_a_known_address(throttled_api: Api) -> None:
    home = an_address()
    account = register(throttled_api, headers=home)
    exhaust(throttled_api, account.email)
    assert log_in(throttled_api, account.email, account.password, headers=home).user_id == account.user_id


def test_address_is_throttled_across_accounts_and_by_its_64_bit_prefix(throttled_api: Api) -> None:
    network = an_address()["X-Forwarded-For"].removesuffix("::1")

    def refused(number: int) -> httpx2.Response | None:
        response = guess(throttled_api, unique_email(), {"X-Forwarded-For": f"{network}::{number:x}"})
        return response if response.status_code == 429 else None

    for number in range(1, FREE_PER_ADDRESS + 1):
        assert refused(number) is None
    numbers = iter(range(FREE_PER_ADDRESS + 1, 1000))
    assert_throttled(eventually(lambda: refused(next(numbers)), within_s=20, every_s=0))


def test_password_change_with_a_stolen_token_is_throttled_like_login(throttled_api: Api) -> None:
    home = an_address()
    account: Account = register(throttled_api, headers=home)
    exhaust(throttled_api, account.email)
    fields = {"current_password": "wrong", "new_password": "another horse battery"}

    response = throttled_api.call("ChangePassword", fields=fields, token=account.token, headers=an_address())
    assert_throttled(response)
    fields["current_password"] = account.password
    changed = throttled_api.call("ChangePassword", fields=fields, token=account.token, headers=home)
    assert_success(changed, 204)


def test_concurrent_logins_with_the_right_password_are_not_failures(throttled_api: Api) -> None:
    account = register(throttled_api, headers=an_address())
    fields = {"email": account.email, "password": account.password}
    elsewhere = an_address()
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda _: throttled_api.call("Login", fields=fields, headers=elsewhere), range(8))
        assert [answer.status_code for answer in answers] == [200] * 8


@pytest.mark.local_platform
def test_refused_logins_are_counted_by_bucket(throttled_api: Api, throttled_stack: Stack) -> None:
    email = unique_email()
    exhaust(throttled_api, email)
    with urllib.request.urlopen(throttled_stack.admin_url("user-svc") + "/metrics") as response:  # noqa: S310
        text = response.read().decode()
    (line,) = [row for row in text.splitlines() if row.startswith('user_svc_login_refused_total{bucket="account"}')]
    assert float(line.split()[-1]) >= 1
