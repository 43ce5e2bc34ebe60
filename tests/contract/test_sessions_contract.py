"""The contract of the port Sessions, for the fake in memory and Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

import pytest
from redis.asyncio import Redis
from user_svc.adapters.ids import new_id
from user_svc.adapters.redis_client import open_client
from user_svc.adapters.sessions import RedisSessions
from user_svc.domain.errors import SessionInvalidError, SessionReusedError
from user_svc.domain.ports import Sessions
from user_svc.domain.session import HeldSession, SessionPolicy, SessionUse
from user_svc.domain.session_key import SessionKey

from tests.examples.users import a_session
from tests.fakes.sessions import InMemoryEndedSessions, InMemorySessions
from tests.integration.sessions.clock import age
from tests.running.revocation_entries import revoked_sessions
from tests.running.servers import RunningRedis

GRACE_S = 0.25
USE = SessionUse(None, "198.51.100.9", "Links/2.30")
TERMS = SessionPolicy(idle_ttl_s=5, absolute_ttl_s=60, grace_s=GRACE_S)


@dataclass(frozen=True)
class Store:
    make: Callable[[SessionPolicy], Sessions]
    sessions: Sessions
    pass_time: Callable[[float], Awaitable[None]]
    set_back: Callable[[str, int], Awaitable[None]]
    published: Callable[[], Awaitable[list[str]]]


@pytest.fixture(scope="module")
async def redis(redis_server: RunningRedis) -> AsyncIterator[Redis]:
    async with open_client(redis_server.url) as client:
        yield client


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "redis":
        client: Redis = request.getfixturevalue("redis")

        def make_real(policy: SessionPolicy) -> Sessions:
            return RedisSessions(client, InMemoryEndedSessions(), policy, tokens_live_s=60)

        async def in_the_stream() -> list[str]:
            return await revoked_sessions(client)

        async def set_back(session_id: str, seconds: int) -> None:
            await age(client, [session_id], -seconds)

        return Store(make_real, make_real(TERMS), asyncio.sleep, set_back, in_the_stream)
    fakes: list[InMemorySessions] = []

    def make(policy: SessionPolicy) -> Sessions:
        fakes.append(InMemorySessions(policy))
        return fakes[-1]

    async def pass_time(seconds: float) -> None:
        for fake in fakes:
            fake.pass_time(seconds)

    async def set_back_in_memory(_session_id: str, seconds: int) -> None:
        await pass_time(-seconds)

    async def in_memory() -> list[str]:
        return [session_id for fake in fakes for session_id in fake.published]

    return Store(make, make(TERMS), pass_time, set_back_in_memory, in_memory)


def key(session: HeldSession, counter: int) -> SessionKey:
    return replace(session.key, counter=counter)


def held_key(counter: int | None) -> SessionUse:
    """Returns a use by a client that is known to hold a key."""
    return replace(USE, counter=counter)


async def test_opened_session_is_live_and_listed(store: Store) -> None:
    new = a_session(new_id(), password_version=3)
    held = await store.sessions.open(new)
    assert (held.session_id, held.key.user_id, held.key.password_version) == (new.session_id, new.user_id, 3)
    assert (held.key.counter, held.max_age_s) == (1, 5)
    assert await store.sessions.is_live(new.session_id, new.user_id)
    (listed,) = await store.sessions.list_of_user(new.user_id)
    assert (listed.session_id, listed.address, listed.agent) == (new.session_id, new.address, new.agent)
    assert listed.created_at == listed.last_used_at
    assert (held.ends_at - listed.created_at).total_seconds() == pytest.approx(60, abs=0.1)


async def test_session_belongs_to_one_user(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    stranger = new_id()
    assert not await store.sessions.is_live(held.session_id, stranger)
    assert not await store.sessions.touch(held.session_id, stranger, held_key(1))
    assert not await store.sessions.end(held.session_id, stranger)
    with pytest.raises(SessionInvalidError):
        await store.sessions.renew(replace(held.key, user_id=stranger), USE)
    assert (await store.sessions.renew(held.key, USE)).key.user_id == held.key.user_id
    assert await store.sessions.list_of_user(stranger) == []
    assert await store.sessions.is_live(held.session_id, held.key.user_id)


async def test_newest_key_makes_a_new_one(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id(), password_version=2))
    for counter in (1, 2, 3):
        renewed = await store.sessions.renew(key(held, counter), USE)
        assert (renewed.key.counter, renewed.rotated) == (counter + 1, True)
        assert renewed.key == replace(held.key, counter=counter + 1, issued_at_ms=renewed.key.issued_at_ms)


async def test_concurrent_renewals_return_one_successor(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    renewed = await asyncio.gather(*(store.sessions.renew(key(held, 1), USE) for _ in range(50)))
    assert {each.key.counter for each in renewed} == {2}
    assert [each.rotated for each in renewed].count(True) == 1


async def test_lost_response_is_returned_again_however_late(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    await store.sessions.renew(key(held, 1), USE)
    await store.pass_time(GRACE_S * 2)
    again = await store.sessions.renew(key(held, 1), USE)
    assert (again.key.counter, again.rotated) == (2, False)


async def test_predecessor_is_accepted_within_the_grace(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    await store.sessions.renew(key(held, 1), USE)
    assert await store.sessions.touch(held.session_id, held.key.user_id, held_key(2))
    again = await store.sessions.renew(key(held, 1), USE)
    assert (again.key.counter, again.rotated) == (2, False)


async def test_predecessor_of_a_used_key_ends_the_session_after_the_grace(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    await store.sessions.renew(key(held, 1), USE)
    assert await store.sessions.touch(held.session_id, held.key.user_id, held_key(2))
    await store.pass_time(GRACE_S * 2)
    with pytest.raises(SessionReusedError) as reused:
        await store.sessions.renew(key(held, 1), USE)
    assert (reused.value.session_id, reused.value.user_id) == (held.session_id, held.key.user_id)
    with pytest.raises(SessionInvalidError):
        await store.sessions.renew(key(held, 2), USE)
    assert not await store.sessions.touch(held.session_id, held.key.user_id, held_key(2))
    assert await store.sessions.list_of_user(held.key.user_id) == []


async def test_older_key_ends_the_session_even_within_the_grace(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    await store.sessions.renew(key(held, 1), USE)
    await store.sessions.renew(key(held, 2), USE)
    with pytest.raises(SessionReusedError):
        await store.sessions.renew(key(held, 1), USE)
    assert not await store.sessions.is_live(held.session_id, held.key.user_id)
    assert await store.sessions.list_of_user(held.key.user_id) == []
    assert (await store.published()).count(held.session_id) == 1


@pytest.mark.parametrize("counter", [None, 1, 3])
async def test_only_the_newest_key_in_use_counts(store: Store, counter: int | None) -> None:
    held = await store.sessions.open(a_session(new_id()))
    await store.sessions.renew(key(held, 1), USE)
    assert await store.sessions.touch(held.session_id, held.key.user_id, held_key(counter))
    await store.pass_time(GRACE_S * 2)
    assert not (await store.sessions.renew(key(held, 1), USE)).rotated


async def test_key_newer_than_the_store_is_invalid_and_ends_nothing(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    with pytest.raises(SessionInvalidError):
        await store.sessions.renew(key(held, 2), USE)
    assert (await store.sessions.renew(key(held, 1), USE)).rotated


async def test_clock_set_back_does_not_extend_the_grace(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    await store.sessions.renew(key(held, 1), USE)
    assert await store.sessions.touch(held.session_id, held.key.user_id, held_key(2))
    await store.set_back(held.session_id, 3600)
    assert not (await store.sessions.renew(key(held, 1), USE)).rotated
    await store.pass_time(GRACE_S * 2)
    with pytest.raises(SessionReusedError):
        await store.sessions.renew(key(held, 1), USE)


async def test_unknown_session_is_invalid(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    with pytest.raises(SessionInvalidError):
        await store.sessions.renew(replace(held.key, session_id="A" * 22), USE)
    assert not await store.sessions.end("A" * 22, held.key.user_id)


async def test_idle_session_ends(store: Store) -> None:
    sessions = store.make(SessionPolicy(idle_ttl_s=0.2, absolute_ttl_s=60, grace_s=10))
    held = await sessions.open(a_session(new_id()))
    await store.pass_time(0.3)
    with pytest.raises(SessionInvalidError):
        await sessions.renew(key(held, 1), USE)
    assert await sessions.list_of_user(held.key.user_id) == []
    assert not await sessions.end(held.session_id, held.key.user_id)
    assert held.session_id not in await store.published()


async def test_use_and_renewal_extend_a_session_up_to_its_absolute_end(store: Store) -> None:
    sessions = store.make(SessionPolicy(idle_ttl_s=0.5, absolute_ttl_s=1.2, grace_s=10))
    held = await sessions.open(a_session(new_id()))
    await store.pass_time(0.35)
    assert await sessions.touch(held.session_id, held.key.user_id, held_key(1))
    await store.pass_time(0.35)
    renewed = await sessions.renew(key(held, 1), USE)
    assert renewed.ends_at == held.ends_at
    await store.pass_time(0.35)
    assert await sessions.touch(held.session_id, held.key.user_id, held_key(2))
    await store.pass_time(0.35)
    assert not await sessions.is_live(held.session_id, held.key.user_id)


async def test_renewal_does_not_extend_a_session_past_its_end(store: Store) -> None:
    sessions = store.make(SessionPolicy(idle_ttl_s=10, absolute_ttl_s=0.4, grace_s=10))
    held = await sessions.open(a_session(new_id()))
    for _ in range(2):  # the second one returns the same key
        await sessions.renew(key(held, 1), USE)
    await store.pass_time(0.5)
    assert not await sessions.is_live(held.session_id, held.key.user_id)


async def test_session_is_ended_once(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    assert await store.sessions.end(held.session_id, held.key.user_id)
    assert not await store.sessions.end(held.session_id, held.key.user_id)
    assert await store.sessions.list_of_user(held.key.user_id) == []
    assert (await store.published()).count(held.session_id) == 1


async def test_live_session_is_not_published(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    await store.sessions.renew(key(held, 1), USE)
    await store.sessions.renew(key(held, 1), USE)
    await store.sessions.touch(held.session_id, held.key.user_id, held_key(2))
    assert not await store.sessions.end(held.session_id, new_id())
    with pytest.raises(SessionInvalidError):
        await store.sessions.renew(key(held, 3), USE)
    assert held.session_id not in await store.published()


async def test_list_has_the_last_used_session_first(store: Store) -> None:
    user_id = new_id()
    opened = []
    for _ in range(3):
        opened.append((await store.sessions.open(a_session(user_id))).session_id)
        await store.pass_time(0.01)
    assert await store.sessions.touch(opened[0], user_id, held_key(None))
    listed = [session.session_id for session in await store.sessions.list_of_user(user_id)]
    assert listed == [opened[0], opened[2], opened[1]]


async def test_oldest_session_is_ended_by_the_twenty_first(store: Store) -> None:
    user_id = new_id()
    opened = []
    for _ in range(22):
        opened.append((await store.sessions.open(a_session(user_id))).session_id)
        await store.pass_time(0.002)
    listed = {session.session_id for session in await store.sessions.list_of_user(user_id)}
    assert listed == set(opened[2:])
    assert not await store.sessions.is_live(opened[0], user_id)
    assert [session_id for session_id in await store.published() if session_id in opened] == opened[:2]


async def test_ended_sessions_do_not_count_towards_the_limit(store: Store) -> None:
    user_id = new_id()
    first = await store.sessions.open(a_session(user_id))
    for _ in range(30):
        held = await store.sessions.open(a_session(user_id))
        await store.sessions.end(held.session_id, user_id)
    assert await store.sessions.is_live(first.session_id, user_id)


async def test_end_all_ends_every_session_of_one_user(store: Store) -> None:
    user_id = new_id()
    stranger = await store.sessions.open(a_session(new_id()))
    opened = [(await store.sessions.open(a_session(user_id))).session_id for _ in range(3)]
    await store.sessions.end_all(user_id)
    await store.sessions.end_all(user_id)
    published = await store.published()
    assert sorted(session_id for session_id in published if session_id in opened) == sorted(opened)
    assert stranger.session_id not in published
    assert await store.sessions.list_of_user(user_id) == []
    assert await store.sessions.is_live(stranger.session_id, stranger.key.user_id)


async def test_end_outdated_ends_sessions_of_an_earlier_password_version(store: Store) -> None:
    user_id = new_id()
    old, current = [await store.sessions.open(a_session(user_id, password_version=version)) for version in (9, 10)]
    stranger = await store.sessions.open(a_session(new_id()))
    for _ in range(2):
        await store.sessions.end_outdated(user_id, 10)
    assert (await store.published()).count(old.session_id) == 1
    assert not await store.sessions.is_live(old.session_id, user_id)
    assert await store.sessions.is_live(current.session_id, user_id)
    assert await store.sessions.is_live(stranger.session_id, stranger.key.user_id)


async def test_end_all_spares_the_named_session(store: Store) -> None:
    user_id = new_id()
    kept, *others = [await store.sessions.open(a_session(user_id)) for _ in range(3)]
    ended = await store.sessions.end_all(user_id, but=kept.session_id)
    assert set(ended) == {other.session_id for other in others}
    (listed,) = await store.sessions.list_of_user(user_id)
    assert listed.session_id == kept.session_id
    assert (await store.sessions.renew(kept.key, USE)).rotated
    published = await store.published()
    assert sorted(session_id for session_id in published if session_id in ended) == sorted(ended)
    assert kept.session_id not in published


async def test_list_shows_where_a_session_was_last_used_from(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id()))
    for number, use in enumerate((USE, replace(USE, address="198.51.100.10"), replace(USE, agent="w3m/0.5"))):
        if number == 1:
            await store.sessions.touch(held.session_id, held.key.user_id, use)
        else:
            await store.sessions.renew(held.key, use)
        (listed,) = await store.sessions.list_of_user(held.key.user_id)
        assert (listed.address, listed.agent) == (use.address, use.agent)


async def test_key_is_refused_past_the_end_that_it_states(store: Store) -> None:
    """Even if the store still has the session."""
    held = await store.sessions.open(a_session(new_id()))
    over = replace(held.key, ends_at_ms=held.key.issued_at_ms)
    with pytest.raises(SessionInvalidError):
        await store.sessions.renew(over, USE)
    assert (await store.sessions.renew(held.key, USE)).ends_at == held.ends_at


async def test_key_is_refused_past_its_own_lifetime(store: Store) -> None:
    """With any counter in the store: an attacker who can roll the counter back cannot use an old copy."""
    held = await store.sessions.open(a_session(new_id()))
    life_ms = round(TERMS.key_lifetime_s(60) * 1000)
    with pytest.raises(SessionInvalidError):
        await store.sessions.renew(replace(held.key, issued_at_ms=held.key.issued_at_ms - life_ms - 1), USE)
    assert (await store.sessions.renew(held.key, USE)).rotated


async def test_successor_has_the_facts_of_its_predecessor_and_its_own_time(store: Store) -> None:
    held = await store.sessions.open(a_session(new_id(), password_version=2))
    await store.pass_time(0.01)
    renewed = await store.sessions.renew(held.key, USE)
    assert renewed.key == replace(held.key, counter=2, issued_at_ms=renewed.key.issued_at_ms)
    assert renewed.key.issued_at_ms > held.key.issued_at_ms
    await store.pass_time(0.01)
    assert (await store.sessions.renew(held.key, USE)).key == renewed.key
