"""The end of a session also revokes its unexpired access tokens, on every gateway, within a second."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import StartStack
from tests.e2e.accounts import Account, log_in, register, unique_email, unique_password
from tests.e2e.api import Api
from tests.e2e.gateways import GatewayConnection, connections_to_each_gateway
from tests.e2e.shapes import assert_problem, assert_success
from tests.e2e.test_sessions import current_id
from tests.running.polling import eventually
from tests.running.restartable_redis import RestartableRedis, restartable_redis
from tests.running.stacks import Stack

pytestmark = pytest.mark.local_platform

PROMISED_S = 1.0


@pytest.fixture(scope="module")
def redis() -> Iterator[RestartableRedis]:
    with TemporaryDirectory(prefix="headrace-redis-") as home, restartable_redis(Path(home)) as server:
        yield server


@pytest.fixture(scope="module")
def two_gateways(start_stack: StartStack, redis: RestartableRedis) -> Stack:
    environ = {f"{name}_REDIS_URL": redis.url for name in ("GATEWAY", "USER_SVC", "ORDER_SVC")}
    return start_stack(environ, replicas={"gateway": 2})


@pytest.fixture(scope="module")
def api(two_gateways: Stack) -> Iterator[Api]:
    with Api(two_gateways.url) as client:
        yield client


@pytest.fixture(scope="module")
def admin(api: Api, two_gateways: Stack) -> Account:
    email, password = unique_email("admin"), unique_password()
    two_gateways.create_admin(email, password)
    return log_in(api, email, password)


@pytest.fixture
def gateways(two_gateways: Stack) -> Iterator[list[GatewayConnection]]:
    with connections_to_each_gateway(two_gateways) as connections:
        assert len(connections) == 2
        yield connections


def assert_refused_everywhere(gateways: list[GatewayConnection], token: str, since: float) -> None:
    """Checks that every gateway refuses the token within the promised time."""

    def refused() -> bool | None:
        answers = [gateway.list_orders(token) for gateway in gateways]
        return True if answers == [(401, "SESSION_INVALID")] * len(gateways) else None

    eventually(refused, within_s=10, every_s=0.01)
    assert time.monotonic() - since <= PROMISED_S


def assert_good_everywhere(gateways: list[GatewayConnection], token: str) -> None:
    assert [gateway.list_orders(token) for gateway in gateways] == [(200, "")] * len(gateways)


def log_out(api: Api, first: Account, second: Account, _admin: Account) -> str:
    assert_success(api.call("Logout", token=second.token), 204)
    return first.token


def revoke(api: Api, first: Account, second: Account, _admin: Account) -> str:
    fields = {"session_id": current_id(api, second)}
    assert_success(api.call("RevokeSession", fields=fields, token=first.token), 204)
    return first.token


def change_password(api: Api, first: Account, _second: Account, _admin: Account) -> str:
    fields = {"current_password": first.password, "new_password": unique_password()}
    changed = api.call("ChangePassword", fields=fields, token=first.token)
    assert_success(changed, 204)
    token: str = changed.headers["X-Access-Token"]
    return token


def log_in_over_it(api: Api, first: Account, second: Account, _admin: Account) -> str:
    log_in(api, second.email, second.password, headers={"Cookie": second.cookie})
    return first.token


def delete_oneself(api: Api, first: Account, _second: Account, admin: Account) -> str:
    assert_success(api.call("DeleteUser", token=first.token), 204)
    return admin.token


def be_deleted(api: Api, first: Account, _second: Account, admin: Account) -> str:
    response = api.send("DELETE", f"/api/v1/users/{first.user_id}", token=admin.token)
    assert_success(response, 204)
    return admin.token


@pytest.mark.parametrize(
    "end", [log_out, revoke, change_password, log_in_over_it, delete_oneself, be_deleted], ids=lambda end: end.__name__
)
def test_end_of_a_session_reaches_every_gateway(
    api: Api,
    admin: Account,
    gateways: list[GatewayConnection],
    end: Callable[[Api, Account, Account, Account], str],
) -> None:
    first = register(api)
    second = log_in(api, first.email, first.password)
    assert_good_everywhere(gateways, second.token)
    unharmed = end(api, first, second, admin)
    assert_refused_everywhere(gateways, second.token, time.monotonic())
    assert_good_everywhere(gateways, unharmed)


def test_refusal_of_a_revoked_token_is_explained_and_keeps_the_cookie(api: Api) -> None:
    account = register(api)
    assert_success(api.call("Logout", token=account.token), 204)
    headers = {"Cookie": account.cookie}
    answers = (api.call("ListOrders", token=account.token, headers=headers) for _ in range(200))
    refused = next(response for response in answers if response.status_code == 401)
    problem = assert_problem(refused, 401, "SESSION_INVALID")
    assert problem["decision"] == {"policy": "authentication", "state": "revoked"}
    assert "set-cookie" not in refused.headers


def test_redis_restart_revives_no_token_and_loses_no_revocation(
    api: Api, gateways: list[GatewayConnection], redis: RestartableRedis
) -> None:
    accounts = [register(api) for _ in range(2)]
    assert_success(api.call("Logout", token=accounts[0].token), 204)
    assert_refused_everywhere(gateways, accounts[0].token, time.monotonic())

    redis.kill()
    assert [gateway.list_orders(accounts[0].token)[0] for gateway in gateways] == [401, 401]
    assert_good_everywhere(gateways, accounts[1].token)  # orders keep working without Redis

    redis.start()
    eventually(lambda: api.call("Logout", token=accounts[1].token).status_code == 204 or None, within_s=10)
    assert_refused_everywhere(gateways, accounts[1].token, time.monotonic())
    assert_refused_everywhere(gateways, accounts[0].token, time.monotonic())
