"""The contract of the port LoginThrottle, for the fake in memory and Redis."""

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
#: Time in Redis advances by milliseconds during a test.
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
    """A client that tries to log in to one account from one network, unless changed."""

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

    def with_another_account(self) -> "Client":
        return Client(self.throttle, address=self.address)


def an_address() -> str:
    return f"10.{'.'.join(str(byte) for byte in secrets.token_bytes(3))}"


async def exhaust(client: Client, free: int = TERMS.free_per_account) -> None:
    """Fails until there is a delay of 1 s."""
    for _ in range(free + 1):
        assert await client.fail() == AttemptDecision()


async def exhaust_network(store: Store, address: str) -> None:
    for _ in range(TERMS.free_per_address + 1):
        assert await Client(store.throttle, address=address).fail() == AttemptDecision()


def assert_refused(decision: AttemptDecision, by: Bucket, wait_s: float) -> None:
    assert decision.refused_by is by
    assert wait_s - CLOSE_S < decision.retry_after_s <= wait_s


async def test_failures_beyond_the_free_ones_double_the_delay(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust(client)
    for delay_s in (1, 2, 4, 8, 16, 32, 60, 60):
        assert_refused(await client.fail(), Bucket.ACCOUNT, delay_s)
        await store.pass_time(delay_s)
        assert await client.fail() == AttemptDecision()


async def test_refused_attempt_does_not_extend_the_delay(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust(client)
    for _ in range(10):
        assert_refused(await client.fail(), Bucket.ACCOUNT, 1)
    await store.pass_time(1)
    assert await client.fail() == AttemptDecision()


async def test_only_the_first_refusal_of_a_delay_is_marked_first(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust(client)
    for delay_s in (1, 2):
        assert [(await client.fail()).is_first for _ in range(3)] == [True, False, False]
        await store.pass_time(delay_s)
        await client.fail()


async def test_concurrent_attempts_are_limited_like_sequential_ones(store: Store) -> None:
    client = Client(store.throttle)
    decisions = await asyncio.gather(*(client.fail() for _ in range(50)))
    assert decisions.count(AttemptDecision()) == TERMS.free_per_account + 1
    assert sum(decision.is_first for decision in decisions) == 1


async def test_success_empties_the_bucket_of_the_account(store: Store) -> None:
    client = Client(store.throttle)
    for _ in range(3):
        for _ in range(TERMS.free_per_account):
            assert await client.elsewhere().fail() == AttemptDecision()
        await client.elsewhere().log_in()


async def test_success_does_not_empty_the_bucket_of_the_network(store: Store) -> None:
    attacker = Client(store.throttle)
    for _ in range(TERMS.free_per_address):
        assert await attacker.with_another_account().fail() == AttemptDecision()
        await attacker.log_in()  # to the attacker's own account
    assert await attacker.with_another_account().fail() == AttemptDecision()
    assert_refused(await attacker.fail(), Bucket.ADDRESS, 1)


async def test_success_leaves_no_delay_for_its_network(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust_network(store, client.address)
    await store.pass_time(1)
    for _ in range(3):
        await client.log_in()
    assert await client.fail() == AttemptDecision()
    assert_refused(await client.fail(), Bucket.ADDRESS, 2)


async def test_attempt_taken_back_does_not_count(store: Store) -> None:
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


async def test_taking_back_removes_only_that_attempt(store: Store) -> None:
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


async def test_bucket_expires(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust(client)
    await store.pass_time(BUCKET_TTL_S)
    await client.fail()
    assert_refused(await client.fail(), Bucket.ACCOUNT, 2)
    await store.pass_time(BUCKET_TTL_S + 2)
    await exhaust(client)


async def test_account_counts_failures_from_every_network(store: Store) -> None:
    client = Client(store.throttle)
    for _ in range(TERMS.free_per_account + 1):
        await client.elsewhere().fail()
    assert_refused(await client.elsewhere().fail(), Bucket.ACCOUNT, 1)
    assert await client.with_another_account().fail() == AttemptDecision()


async def test_network_counts_failures_of_every_account(store: Store) -> None:
    address = an_address()
    await exhaust_network(store, address)
    assert_refused(await Client(store.throttle, address=address).fail(), Bucket.ADDRESS, 1)
    assert await Client(store.throttle).fail() == AttemptDecision()


async def test_retry_after_is_the_longer_delay_of_both_buckets(store: Store) -> None:
    client = Client(store.throttle)
    await exhaust_network(store, client.address)
    for _ in range(TERMS.free_per_account + 2):
        await client.elsewhere().fail()
    await store.pass_time(1)
    await client.elsewhere().fail()
    assert_refused(await client.fail(), Bucket.ACCOUNT, 2)


async def test_attacker_from_another_network_does_not_lock_the_owner_out(store: Store) -> None:
    owner = Client(store.throttle)
    await owner.log_in()
    attacker = owner.elsewhere()
    await exhaust(attacker)
    assert_refused(await attacker.fail(), Bucket.ACCOUNT, 1)
    for _ in range(3):
        await owner.log_in()
    assert_refused(await owner.elsewhere().fail(), Bucket.ACCOUNT, 1)  # and leaves the attacker's failures counted


async def test_guesses_from_a_familiar_network_are_limited_too(store: Store) -> None:
    owner = Client(store.throttle)
    await owner.log_in()
    await exhaust(owner)
    assert_refused(await owner.fail(), Bucket.ACCOUNT, 1)
    assert await owner.elsewhere().fail() == AttemptDecision()


async def test_familiar_network_expires(store: Store) -> None:
    owner = Client(store.throttle)
    await owner.log_in()
    await store.pass_time(FAMILIAR_NETWORK_TTL_S)
    await exhaust(owner.elsewhere())
    assert_refused(await owner.fail(), Bucket.ACCOUNT, 1)


async def test_only_the_most_recent_networks_are_familiar(store: Store) -> None:
    owner = Client(store.throttle)
    places = [owner, *(owner.elsewhere() for _ in range(MAX_FAMILIAR_NETWORKS))]
    for place in places:
        await place.log_in()
        await store.pass_time(1)
    await exhaust(owner.elsewhere())
    assert_refused(await owner.fail(), Bucket.ACCOUNT, 1)
    for place in places[1:]:
        assert await place.fail() == AttemptDecision()


async def test_each_familiar_network_expires_by_itself(store: Store) -> None:
    first = Client(store.throttle)
    await first.log_in()
    await store.pass_time(FAMILIAR_NETWORK_TTL_S / 2)
    later = first.elsewhere()
    await later.log_in()
    await store.pass_time(FAMILIAR_NETWORK_TTL_S / 2)
    await exhaust(first.elsewhere())
    assert await later.fail() == AttemptDecision()
    assert_refused(await first.fail(), Bucket.ACCOUNT, 1)


async def test_success_without_an_attempt_makes_the_network_familiar(store: Store) -> None:
    owner = Client(store.throttle)
    await store.throttle.succeed(owner.attempt())
    await exhaust(owner.elsewhere())
    assert await owner.fail() == AttemptDecision()


async def test_attempt_without_an_address_counts_against_the_account_only(store: Store) -> None:
    client = Client(store.throttle, address="")
    for _ in range(TERMS.free_per_address + 1):
        assert await Client(store.throttle, address="").fail() == AttemptDecision()
    await client.log_in()
    await exhaust(client.elsewhere())
    assert_refused(await client.fail(), Bucket.ACCOUNT, 1)  # an unknown address is never familiar
