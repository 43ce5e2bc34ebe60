"""An attacker who can write to Redis can end sessions, and nothing else."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from redis import Redis

from tests.conftest import StartStack
from tests.e2e.accounts import Account, register, unique_email, unique_password
from tests.e2e.api import Api
from tests.e2e.orders import create_order
from tests.e2e.renewals import assert_renewed, present
from tests.e2e.shapes import assert_problem, assert_success
from tests.examples.user_events import user_deleted
from tests.running.polling import eventually
from tests.running.restartable_redis import RestartableRedis, restartable_redis
from tests.running.stacks import Stack, local_stack

pytestmark = pytest.mark.local_platform

REVOKED, EVENTS = "{sessions}:revoked", "{events:user.v1}"


@pytest.fixture(scope="module")
def server() -> Iterator[RestartableRedis]:
    with TemporaryDirectory(prefix="headrace-redis-") as home, restartable_redis(Path(home)) as running:
        yield running


@pytest.fixture(scope="module")
def stack(start_stack: StartStack, server: RestartableRedis) -> Stack:
    return start_stack({f"{name}_REDIS_URL": server.url for name in ("GATEWAY", "USER_SVC", "ORDER_SVC")})


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[Api]:
    with Api(stack.url) as client:
        yield client


@pytest.fixture
def redis(server: RestartableRedis) -> Iterator[Any]:
    with Redis.from_url(server.url, decode_responses=True) as client:
        yield client


def id_of(account: Account) -> str:
    return account.cookie.partition("=")[2].partition(".")[0]


def hash_of(account: Account) -> str:
    return f"{{sessions}}:id:{id_of(account)}"


def claim_the_victim(redis: Any, mine: Account, victim: Account) -> None:
    redis.hset(hash_of(mine), "user_id", victim.user_id)


def swap_hashes(redis: Any, mine: Account, victim: Account) -> None:
    redis.rename(hash_of(mine), "{sessions}:aside")
    redis.rename(hash_of(victim), hash_of(mine))
    redis.rename("{sessions}:aside", hash_of(victim))


def copy_the_victims_hash(redis: Any, mine: Account, victim: Account) -> None:
    redis.delete(hash_of(mine))
    redis.copy(hash_of(victim), hash_of(mine))


@pytest.mark.parametrize(
    "tamper", [claim_the_victim, swap_hashes, copy_the_victims_hash], ids=lambda tamper: tamper.__name__
)
def test_no_session_hash_turns_a_key_into_that_of_another_user(
    api: Api, redis: Any, tamper: Callable[[Any, Account, Account], None]
) -> None:
    mine, victim = register(api), register(api)
    tamper(redis, mine, victim)
    assert_problem(present(api, mine.cookie), 401, "SESSION_INVALID")
    assert_success(api.call("ListOrders", token=victim.token), 200)


@pytest.mark.parametrize(
    "fields",
    [
        {"absolute_expires_at_ms": 2**52, "created_at_ms": 2**52},
        {"password_version": 99},
        {"counter": 1, "presented": 0, "rotated_at_ms": 2**52},
    ],
    ids=["times", "password version", "counter"],
)
def test_no_session_field_revives_an_ended_session(api: Api, redis: Any, fields: dict[str, int]) -> None:
    """A restored or altered session hash revives nothing, neither after a logout nor after a password change."""
    account = register(api)
    kept = redis.hgetall(hash_of(account))
    if "password_version" in fields:
        change = {"current_password": account.password, "new_password": unique_password()}
        assert_success(api.call("ChangePassword", fields=change, token=account.token), 204)
    else:
        assert_success(api.call("Logout", token=account.token), 204)
    redis.hset(hash_of(account), mapping=kept | fields)
    assert_problem(present(api, account.cookie), 401, "SESSION_INVALID")
    assert not redis.exists(hash_of(account))


def test_forged_revocation_revokes_nothing(api: Api, redis: Any, stack: Stack) -> None:
    victim, other = register(api), register(api)
    kid = api.send("GET", "/.well-known/jwks.json").json()["keys"][0]["kid"]
    redis.xadd(REVOKED, {"sid": id_of(victim), "for_ms": 900_000})
    redis.xadd(REVOKED, {"kid": kid, "for_ms": 900_000})
    assert_success(api.call("Logout", token=other.token), 204)
    eventually(lambda: api.call("ListOrders", token=other.token).status_code == 401 or None, within_s=5)
    assert_success(api.call("ListOrders", token=victim.token), 200)
    assert assert_renewed(present(api, victim.cookie)) != victim.cookie


def test_forged_event_cancels_no_order(api: Api, redis: Any) -> None:
    victim = register(api)
    order = create_order(api, victim.token)
    forged: dict[Any, Any] = user_deleted(victim.user_id).to_fields()
    redis.xadd(EVENTS, forged)
    letters = f"{EVENTS}:dead-letters:order-svc"
    eventually(lambda: redis.xlen(letters) or None, within_s=10)
    shown = api.call("GetOrder", fields={"order_id": order["order_id"]}, token=victim.token)
    assert shown.json()["status"] == "processing"


def test_loss_of_redis_data_revives_no_token(api: Api, redis: Any, stack: Stack) -> None:
    """Even after a restart of the gateway, which must read the revocations again."""
    account, other = register(api, email=unique_email()), register(api)
    assert_success(api.call("Logout", token=account.token), 204)
    redis.flushall()
    done = local_stack("restart", "gateway", "--data-dir", str(stack.data_dir), **stack.environ)
    assert done.returncode == 0, done.stdout
    with Api(stack.url) as fresh:
        assert_problem(fresh.call("ListOrders", token=account.token), 401, "SESSION_INVALID")
        assert_success(fresh.call("ListOrders", token=other.token), 200)
