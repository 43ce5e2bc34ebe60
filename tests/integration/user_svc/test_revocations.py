"""The entries of the stream of revocations, and races between revocations and renewals."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis
from service_kit.tokens.revocation_stream import KEY_FIELD, SESSION_FIELD, STREAM
from user_svc.adapters.ids import new_id
from user_svc.adapters.redis_client import open_client
from user_svc.adapters.revocations import RevocationStream
from user_svc.adapters.sessions import RedisSessions
from user_svc.domain.errors import DependencyUnavailableError, SessionInvalidError
from user_svc.domain.session import HeldSession, SessionPolicy, SessionUse

from tests.examples.users import a_session
from tests.fakes.sessions import InMemoryEndedSessions
from tests.running.revocation_entries import revocation_entries, revoked_sessions
from tests.running.servers import RunningRedis, free_port, running_redis

TERMS = SessionPolicy(idle_ttl_s=60, absolute_ttl_s=600, grace_s=10)
USE = SessionUse(None, "192.0.2.7", "Lynx/2.9")
AT_ONCE = 10
#: In a row, so that some are between the two steps of ending a session.
RENEWALS = 4

Act = Callable[[HeldSession], Awaitable[None]]


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RunningRedis]:
    with running_redis() as server:
        yield server


@pytest.fixture
async def redis(own_redis: RunningRedis) -> AsyncIterator[Redis]:
    async with Redis.from_url(own_redis.url, decode_responses=True) as client:
        await client.flushall()
        yield client


@pytest.fixture
def sessions(redis: Redis) -> RedisSessions:
    return RedisSessions(redis, InMemoryEndedSessions(), TERMS, tokens_live_s=0.3)


async def test_entry_names_what_is_revoked(redis: Redis, sessions: RedisSessions) -> None:
    held = await sessions.open(a_session(new_id()))
    await sessions.end(held.session_id, held.key.user_id)
    await RevocationStream(redis, tokens_live_s=970).revoke_key("k1")
    session, key = await revocation_entries(redis)
    assert session == {SESSION_FIELD: held.session_id}
    assert key == {KEY_FIELD: "k1"}
    assert 960_000 < await redis.pttl(STREAM) <= 970_000


async def test_entries_expire_with_the_last_token(redis: Redis, sessions: RedisSessions) -> None:
    first, second = [await sessions.open(a_session(new_id())) for _ in range(2)]
    await sessions.end(first.session_id, first.key.user_id)
    await redis.persist(STREAM)  # without this, the whole stream would expire
    await asyncio.sleep(0.4)  # the lifetime of tokens
    await sessions.end(second.session_id, second.key.user_id)
    assert [entry.get(SESSION_FIELD) for entry in await revocation_entries(redis)] == [second.session_id]
    assert await redis.pttl(STREAM) <= 300


async def test_keys_are_in_one_hash_slot(redis: Redis, sessions: RedisSessions) -> None:
    held = await sessions.open(a_session(new_id()))
    other = await sessions.open(a_session(held.key.user_id))
    await sessions.end(other.session_id, other.key.user_id)
    keys: Any = await redis.keys()
    assert len(keys) == 3
    assert all(key.startswith("{sessions}:") for key in keys)


async def test_new_session_is_not_ended_as_the_oldest_after_a_clock_step(redis: Redis, sessions: RedisSessions) -> None:
    """The clock of the server was an hour ahead when the other sessions were opened."""
    user_id = new_id()
    opened = [await sessions.open(a_session(user_id)) for _ in range(20)]
    ahead = {each.session_id: 3_600_000 for each in opened}
    for session_id, by_ms in ahead.items():
        await redis.zincrby(f"{{sessions}}:user:{user_id}", by_ms, session_id)
    newest = await sessions.open(a_session(user_id))
    assert await sessions.is_live(newest.session_id, user_id)
    assert len(await sessions.list_of_user(user_id)) == 20


async def test_sessions_opened_under_longer_limits_can_be_ended(redis: Redis, sessions: RedisSessions) -> None:
    """The absolute lifetime was lowered while the sessions were live."""
    held = await sessions.open(a_session(new_id()))
    policy = SessionPolicy(idle_ttl_s=0.1, absolute_ttl_s=0.1, grace_s=10)
    shorter = RedisSessions(redis, InMemoryEndedSessions(), policy, tokens_live_s=60)
    await shorter.open(a_session(held.key.user_id))
    await asyncio.sleep(0.2)  # the lifetime of the newer one
    assert [each.session_id for each in await shorter.list_of_user(held.key.user_id)] == [held.session_id]
    await shorter.end_all(held.key.user_id)
    assert not await sessions.is_live(held.session_id, held.key.user_id)
    assert held.session_id in await revoked_sessions(redis)


async def test_key_revocation_fails_without_redis() -> None:
    async with open_client(f"redis://127.0.0.1:{free_port()}/0") as nowhere:
        with pytest.raises(DependencyUnavailableError):
            await RevocationStream(nowhere, tokens_live_s=60).revoke_key("k1")


@pytest.mark.parametrize("first", ["renewal", "end"])
@pytest.mark.parametrize(("by", "times"), [("end", 1000), ("end_all", 200)])
async def test_revocation_wins_against_a_concurrent_renewal(
    own_redis: RunningRedis, redis: Redis, first: str, by: str, times: int
) -> None:
    """Each side has its own connections, so the order of arrival varies."""
    async with Redis.from_url(own_redis.url, decode_responses=True) as client:
        renewing = RedisSessions(redis, InMemoryEndedSessions(), TERMS, tokens_live_s=600)
        ending = RedisSessions(client, InMemoryEndedSessions(), TERMS, tokens_live_s=600)

        async def renew(held: HeldSession) -> None:
            key = held.key
            try:
                for _ in range(RENEWALS):
                    key = (await renewing.renew(key, USE)).key
                    outcomes.add("renewal won")
            except SessionInvalidError:
                outcomes.add("renewal lost")

        async def end(held: HeldSession) -> None:
            if by == "end":
                await ending.end(held.session_id, held.key.user_id)
            else:
                await ending.end_all(held.key.user_id)

        outcomes: set[str] = set()
        order: list[Act] = [renew, end] if first == "renewal" else [end, renew]
        for _ in range(times // AT_ONCE):
            races = [await renewing.open(a_session(new_id())) for _ in range(AT_ONCE)]
            await asyncio.gather(*(act(held) for held in races for act in order))
            assert set(await revoked_sessions(redis)) >= {held.session_id for held in races}
            for held in races:
                assert not await renewing.is_live(held.session_id, held.key.user_id)
                for counter in range(1, RENEWALS + 2):
                    with pytest.raises(SessionInvalidError):
                        await renewing.renew(replace(held.key, counter=counter), USE)
        assert outcomes >= {"renewal won" if first == "renewal" else "renewal lost"}
