"""argon2 on its own threads: correct results, and bounds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import nullcontext
from typing import cast
from unittest.mock import patch

import argon2
import pytest
from user_svc.adapters.password_hasher import Argon2Hasher, HashingCost
from user_svc.domain.errors import EmailTakenError, PasswordQueueFullError

from tests.examples.users import PASSWORD
from tests.fakes.users import ReadablePasswords
from tests.running import process_metrics
from tests.unit.user_svc.world import World

CHEAP = HashingCost(memory_kib=1024, passes=1, lanes=1)
#: About 50 ms each.
SLOW = HashingCost(memory_kib=32768, passes=2, lanes=1)


@pytest.fixture
async def hasher() -> AsyncIterator[Argon2Hasher]:
    async with Argon2Hasher(CHEAP, threads=2, queue=10) as hasher:
        yield hasher


async def test_hash_verifies_its_own_password_only(hasher: Argon2Hasher) -> None:
    password_hash = await hasher.hash("pässword 🦀")
    assert password_hash.startswith("$argon2id$v=19$m=1024,t=1,p=1$")
    assert await hasher.verify(password_hash, "pässword 🦀")
    assert not await hasher.verify(password_hash, "password 🦀")
    assert await hasher.hash("pässword 🦀") != password_hash


async def test_long_password_is_not_truncated(hasher: Argon2Hasher) -> None:
    password_hash = await hasher.hash("x" * 128)
    assert not await hasher.verify(password_hash, "x" * 127)
    assert not await hasher.verify(password_hash, "x" * 127 + "y")
    assert not await hasher.verify(await hasher.hash("x\0y"), "x\0z")


async def test_dummy_hash_matches_no_password(hasher: Argon2Hasher) -> None:
    assert not await hasher.verify(None, "a password that no account has")


async def test_hash_of_other_parameters_is_verified(hasher: Argon2Hasher) -> None:
    foreign = argon2.PasswordHasher(time_cost=2, memory_cost=2048, parallelism=2).hash("same")
    assert await hasher.verify(foreign, "same")
    assert not hasher.is_outdated(foreign)


@pytest.mark.parametrize("cost", [(1024, 2, 2), (2048, 1, 2), (2048, 2, 1)], ids=["memory", "passes", "lanes"])
def test_hash_is_outdated_once_a_single_parameter_has_risen(cost: tuple[int, int, int]) -> None:
    memory, passes, lanes = cost
    weak = argon2.PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes).hash("same")
    hasher = Argon2Hasher(HashingCost(memory_kib=2048, passes=2, lanes=2), threads=1, queue=0)
    assert hasher.is_outdated(weak)


async def test_full_queue_is_refused_with_a_time_to_retry() -> None:
    async with Argon2Hasher(SLOW, threads=1, queue=2) as hasher:
        results = await asyncio.gather(*(hasher.hash("x") for _ in range(5)), return_exceptions=True)
        refused = [result for result in results if isinstance(result, PasswordQueueFullError)]
        assert len(refused) == 2
        assert refused[0].retry_after_s >= 1
        assert await hasher.verify(await hasher.hash("x"), "x")


async def test_queue_length_and_wait_are_in_the_metrics() -> None:
    process_metrics.collect()
    waited = process_metrics.value("user_svc_password_wait_duration_seconds_count")
    hashed = process_metrics.value("user_svc_password_hash_duration_seconds_count")
    async with Argon2Hasher(SLOW, threads=1, queue=3) as hasher:
        waiting = [asyncio.create_task(hasher.hash("x")) for _ in range(4)]
        await asyncio.sleep(0)
        assert process_metrics.value("user_svc_password_waiting") in {3, 4}  # the thread may not have started yet
        waiting.pop().cancel()
        await asyncio.gather(*waiting)
    assert process_metrics.value("user_svc_password_waiting") == 0
    assert process_metrics.value("user_svc_password_wait_duration_seconds_count") - waited == 3
    assert process_metrics.value("user_svc_password_hash_duration_seconds_count") - hashed == 3


async def test_a_cancelled_hash_is_not_begun_and_frees_its_place() -> None:
    process_metrics.collect()
    hashes = process_metrics.Growth("user_svc_password_hash_duration_seconds_count")
    async with Argon2Hasher(SLOW, threads=1, queue=3) as hasher:
        waiting = [asyncio.create_task(hasher.hash("x")) for _ in range(4)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert await hasher.hash("y")  # a slot is free, and only the hash in progress is ahead of it
    ((_, begun),) = hashes.so_far()
    assert begun <= 2


async def test_hashing_does_not_block_the_event_loop() -> None:
    async with Argon2Hasher(SLOW, threads=2, queue=10) as hasher:
        hashing = asyncio.gather(*(hasher.hash("x") for _ in range(6)))
        turns = 0
        while not hashing.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert turns > 20


@pytest.mark.parametrize("taken", [False, True], ids=["free", "taken"])
async def test_registering_an_email_costs_one_real_hash_whether_it_is_taken_or_not(taken: bool) -> None:
    hashed: list[str] = []

    class Counting(argon2.PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            hashed.append(str(password))
            made: str = super().hash(password, salt=salt)
            return made

    with patch.object(argon2, "PasswordHasher", Counting):
        async with Argon2Hasher(CHEAP, threads=1, queue=0) as hasher:
            world = World(hasher=cast("ReadablePasswords", hasher))
            if taken:
                await world.registered("ada@example.com")
            hashed.clear()
            with pytest.raises(EmailTakenError) if taken else nullcontext():
                await world.registered("ADA@example.com")
    assert hashed == [PASSWORD]


async def test_unknown_email_is_checked_against_a_hash_of_the_same_cost(hasher: Argon2Hasher) -> None:
    checked: list[str] = []
    real = argon2.PasswordHasher.verify

    def verify(self: argon2.PasswordHasher, password_hash: str, password: str) -> bool:
        checked.append(password_hash)
        return bool(real(self, password_hash, password))

    with patch.object(argon2.PasswordHasher, "verify", verify):
        assert not await hasher.verify(None, "guess")
        assert not await hasher.verify(await hasher.hash("same"), "guess")
    assert argon2.extract_parameters(checked[0]) == argon2.extract_parameters(checked[1])


class WorkClock:
    """A clock that only hashing and waiting advance: a hash takes as many seconds as it has KiB times passes."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def perf_counter(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    async def during(self, verifying: Awaitable[bool]) -> tuple[bool, float]:
        """Returns the result, and how long it takes on this clock."""
        began_s = self.now_s
        return await verifying, self.now_s - began_s


@pytest.mark.parametrize(("memory", "passes"), [(8, 1), (64, 2), (127, 3), (128, 2)])
async def test_wrong_guess_takes_as_long_for_a_hash_of_former_parameters(memory: int, passes: int) -> None:
    clock, verify = WorkClock(), argon2.PasswordHasher.verify

    def working(self: argon2.PasswordHasher, password_hash: str, password: str) -> bool:
        made_with = argon2.extract_parameters(password_hash)
        clock.now_s += made_with.memory_cost * made_with.time_cost
        return bool(verify(self, password_hash, password))

    former = argon2.PasswordHasher(passes, memory, 1).hash("same")
    with patch("user_svc.adapters.password_hasher.time", clock), patch.object(argon2.PasswordHasher, "verify", working):
        async with Argon2Hasher(HashingCost(memory_kib=128, passes=3, lanes=1), threads=1, queue=0) as hasher:
            unknown_email = await clock.during(hasher.verify(None, "guess"))
            assert unknown_email == (False, 128 * 3)
            for _ in range(2):
                assert await clock.during(hasher.verify(former, "guess")) == unknown_email
            assert await clock.during(hasher.verify(former, "same")) == (True, memory * passes)
            assert await clock.during(hasher.verify(former, "guess")) == unknown_email
