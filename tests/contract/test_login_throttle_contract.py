"""What a login throttle must do: the one in memory and the one in Redis alike."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis
from user_svc.adapters.login_throttle import RedisLoginThrottle
from user_svc.adapters.redis_client import open_client
from user_svc.domain.login_attempt import (
    BUCKET_TTL_S,
    FAMILIAR_NETWORK_TTL_S,
    MAX_FAMILIAR_NETWORKS,
    AttemptDecision,
    Bucket,
    LoginAttempt,
    LoginThrottlePolicy,
)
from user_svc.domain.ports import LoginThrottle

from tests.fakes.login_throttle import InMemoryLoginThrottle
from tests.running.aged_logins import age_logins
from tests.running.servers import RunningRedis

TERMS = LoginThrottlePolicy(free_per_account=3, free_per_address=6, longest_delay_s=60)
#: Milliseconds pass in Redis whatever a test does.
CLOSE_S = 0.5


@dataclass(frozen=True)
class Store:
    throttle: LoginThrottle
    pass_time: Callable[[float], Awaitable[None]]


@pytest.fixture(scope="module")
async def redis(redis_server: RunningRedis) -> AsyncIterator[Redis]:
    async with open_client(redis_server.url) as client:
        yield client


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "redis":
        client: Redis = request.getfixturevalue("redis")
        return Store(RedisLoginThrottle(client, TERMS), lambda seconds: age_logins(client, seconds))
    fake = InMemoryLoginThrottle(TERMS)

    async def pass_time(seconds: float) -> None:
        fake.now += seconds

    return Store(fake, pass_time)


class Client:
    """Somebody who tries to log in, to one account and from one network unless told otherwise."""

    def __init__(self, throttle: LoginThrottle, email: str = "", address: str | None = None) -> None:
        self.throttle = throttle
        self.email = email or f"{secrets.token_hex(8)}@example.com"
        self.address = an_address() if address is None else address

    def attempt(self) -> LoginAttempt:
        return LoginAttempt.of(self.email, self.address)

    async def fail(self) -> AttemptDecision:
        return await self.throttle.begin(self.attempt())

    async def log_in(self) -> None:
        attempt = self.attempt()
        assert await self.throttle.begin(attempt) == AttemptDecision()
        await self.throttle.succeed(attempt)

    def elsewhere(self) -> "Client":
        return Client(self.throttle, self.email)

    def as_somebody_else(self) -> "Client":
        return Client(self.throttle, address=self.address)


def an_address() -> str:
    return f"10.{'.'.join(str(byte) for byte in secrets.token_bytes(3))}"


async def exhaust(client: Client, free: int = TERMS.free_per_account) -> None:
    """Fails until there is a delay, of 1 s."""
    for _ in range(free + 1):
        assert await client.fail() == AttemptDecision()


async def exhaust_network(store: Store, address: str) -> None:
    for _ in range(TERMS.free_per_address + 1):
        assert await Client(store.throttle, address=address).fail() == AttemptDecision()


def assert_refused(decision: AttemptDecision, by: Bucket, wait_s: float) -> None:
    assert decision.refused_by is by
    assert wait_s - CLOSE_S < decision.retry_after_s <= wait_s


async def test_some_failures_are_free_and_then_each_doubles_the_delay(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust(client)
    for delay_s in (1, 2, 4, 8, 16, 32, 60, 60):
        assert_refused(await client.fail(), Bucket.ACCOUNT, delay_s)
        await store.pass_time(delay_s)
        assert await client.fail() == AttemptDecision()


async def test_a_refused_attempt_makes_the_delay_no_longer(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust(client)
    for _ in range(10):
        assert_refused(await client.fail(), Bucket.ACCOUNT, 1)
    await store.pass_time(1)
    assert await client.fail() == AttemptDecision()


async def test_only_the_first_refusal_of_a_delay_is_told_to_be(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust(client)
    for delay_s in (1, 2):
        assert [(await client.fail()).is_first for _ in range(3)] == [True, False, False]
        await store.pass_time(delay_s)
        await client.fail()


async def test_of_many_at_once_no_more_are_admitted_than_of_many_in_turn(store: Store) -> None:
    client = Client(store.throttle)
    decisions = await asyncio.gather(*(client.fail() for _ in range(50)))
    assert decisions.count(AttemptDecision()) == TERMS.free_per_account + 1
    assert sum(decision.is_first for decision in decisions) == 1


async def test_a_success_empties_the_accounts_bucket(store: Store) -> None:
    client = Client(store.throttle)
    for _ in range(3):
        for _ in range(TERMS.free_per_account):
            assert await client.elsewhere().fail() == AttemptDecision()
        await client.elsewhere().log_in()


async def test_a_success_does_not_empty_the_networks(store: Store) -> None:
    attacker = Client(store.throttle)
    for _ in range(TERMS.free_per_address):
        assert await attacker.as_somebody_else().fail() == AttemptDecision()
        await attacker.log_in()  # with an account of their own
    assert await attacker.as_somebody_else().fail() == AttemptDecision()
    assert_refused(await attacker.fail(), Bucket.ADDRESS, 1)


async def test_a_success_leaves_no_delay_behind_for_its_network(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust_network(store, client.address)
    await store.pass_time(1)
    for _ in range(3):
        await client.log_in()
    assert await client.fail() == AttemptDecision()
    assert_refused(await client.fail(), Bucket.ADDRESS, 2)


async def test_what_is_taken_back_was_never_counted(store: Store) -> None:
    client = Client(store.throttle)
    for _ in range(20):
        attempt = client.attempt()
        assert await store.throttle.begin(attempt) == AttemptDecision()
        await store.throttle.take_back(attempt)
    await exhaust(client)
    await store.pass_time(1)
    attempt = client.attempt()
    await store.throttle.begin(attempt)
    await store.throttle.take_back(attempt)
    assert await client.fail() == AttemptDecision()
    assert_refused(await client.fail(), Bucket.ACCOUNT, 2)


async def test_taking_back_takes_nothing_else_back(store: Store) -> None:
    client = Client(store.throttle)
    attempt = client.attempt()
    await store.throttle.begin(attempt)
    await client.log_in()
    for _ in range(TERMS.free_per_account + 1):
        assert await client.elsewhere().fail() == AttemptDecision()
    for _ in range(3):
        await store.throttle.take_back(attempt)
    assert_refused(await client.elsewhere().fail(), Bucket.ACCOUNT, 1)


async def test_every_call_may_be_sent_twice(store: Store) -> None:
    client = Client(store.throttle)
    attempts = [client.attempt() for _ in range(TERMS.free_per_account + 1)]
    for attempt in attempts:
        assert [await store.throttle.begin(attempt) for _ in range(2)] == [AttemptDecision()] * 2
    assert_refused(await client.fail(), Bucket.ACCOUNT, 1)
    for _ in range(2):
        await store.throttle.succeed(attempts[0])
    assert await client.fail() == AttemptDecision()


async def test_a_bucket_is_forgotten_in_time(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust(client)
    await store.pass_time(BUCKET_TTL_S)
    await client.fail()
    assert_refused(await client.fail(), Bucket.ACCOUNT, 2)
    await store.pass_time(BUCKET_TTL_S + 2)
    await exhaust(client)


async def test_the_account_counts_wherever_the_failures_come_from(store: Store) -> None:
    client = Client(store.throttle)
    for _ in range(TERMS.free_per_account + 1):
        await client.elsewhere().fail()
    assert_refused(await client.elsewhere().fail(), Bucket.ACCOUNT, 1)
    assert await client.as_somebody_else().fail() == AttemptDecision()


async def test_the_network_counts_whatever_the_account(store: Store) -> None:
    address = an_address()
    await exhaust_network(store, address)
    assert_refused(await Client(store.throttle, address=address).fail(), Bucket.ADDRESS, 1)
    assert await Client(store.throttle).fail() == AttemptDecision()


async def test_the_longer_wait_of_both_is_told(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust_network(store, client.address)
    for _ in range(TERMS.free_per_account + 2):
        await client.elsewhere().fail()
    await store.pass_time(1)
    await client.elsewhere().fail()
    assert_refused(await client.fail(), Bucket.ACCOUNT, 2)


async def test_whoever_hammers_an_account_does_not_keep_its_owner_out(store: Store) -> None:
    owner = Client(store.throttle)
    await owner.log_in()
    attacker = owner.elsewhere()
    await exhaust(attacker)
    assert_refused(await attacker.fail(), Bucket.ACCOUNT, 1)
    for _ in range(3):
        await owner.log_in()
    assert_refused(await owner.elsewhere().fail(), Bucket.ACCOUNT, 1)  # and forgives the attacker nothing


async def test_from_a_familiar_network_one_may_not_guess_for_ever_either(store: Store) -> None:
    owner = Client(store.throttle)
    await owner.log_in()
    await exhaust(owner)
    assert_refused(await owner.fail(), Bucket.ACCOUNT, 1)
    assert await owner.elsewhere().fail() == AttemptDecision()


async def test_familiarity_ends(store: Store) -> None:
    owner = Client(store.throttle)
    await owner.log_in()
    await store.pass_time(FAMILIAR_NETWORK_TTL_S)
    await exhaust(owner.elsewhere())
    assert_refused(await owner.fail(), Bucket.ACCOUNT, 1)


async def test_only_the_last_networks_are_familiar(store: Store) -> None:
    owner = Client(store.throttle)
    places = [owner, *(owner.elsewhere() for _ in range(MAX_FAMILIAR_NETWORKS))]
    for place in places:
        await place.log_in()
        await store.pass_time(1)
    await exhaust(owner.elsewhere())
    assert_refused(await owner.fail(), Bucket.ACCOUNT, 1)
    for place in places[1:]:
        assert await place.fail() == AttemptDecision()


async def test_each_network_is_familiar_for_a_time_of_its_own(store: Store) -> None:
    first = Client(store.throttle)
    await first.log_in()
    await store.pass_time(FAMILIAR_NETWORK_TTL_S / 2)
    later = first.elsewhere()
    await later.log_in()
    await store.pass_time(FAMILIAR_NETWORK_TTL_S / 2)
    await exhaust(first.elsewhere())
    assert await later.fail() == AttemptDecision()
    assert_refused(await first.fail(), Bucket.ACCOUNT, 1)


async def test_a_password_just_set_is_familiar_without_an_attempt(store: Store) -> None:
    owner = Client(store.throttle)
    await store.throttle.succeed(owner.attempt())
    await exhaust(owner.elsewhere())
    assert await owner.fail() == AttemptDecision()


async def test_without_an_address_only_the_account_counts(store: Store) -> None:
    client = Client(store.throttle, address="")
    for _ in range(TERMS.free_per_address + 1):
        assert await Client(store.throttle, address="").fail() == AttemptDecision()
    await client.log_in()
    await exhaust(client.elsewhere())
    assert_refused(await client.fail(), Bucket.ACCOUNT, 1)  # no address is never a familiar one
