"""Login and ChangePassword under the login throttle: what counts as a failure, and what is audited."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from unittest.mock import patch

import pytest
from user_svc.domain.audit import AuditKind
from user_svc.domain.errors import (
    DependencyUnavailableError,
    EmailTakenError,
    InvalidCredentialsError,
    LoginThrottledError,
    PasswordQueueFullError,
)
from user_svc.use_cases import password_attempts
from user_svc.use_cases.password_attempts import PasswordAttempts

from tests.examples.users import ORIGIN, PASSWORD
from tests.fakes.users import ReadablePasswords
from tests.unit.user_svc.world import LOGIN_THROTTLE_POLICY, World

ELSEWHERE = replace(ORIGIN, address="198.51.100.1")
NEW = "another horse battery"
ATTEMPTS = LOGIN_THROTTLE_POLICY.free_per_account + 1


async def fail(world: World, email: str = "ada@example.com", times: int = ATTEMPTS) -> None:
    for _ in range(times):
        with pytest.raises(InvalidCredentialsError):
            await world.log_in(email, "wrong", ELSEWHERE, None)


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_login_is_refused_without_any_work_after_some_failures(world: World, email: str) -> None:
    await world.registered("ada@example.com")
    await fail(world, email)
    hashed = world.hasher.hashed
    for password in ("wrong", PASSWORD):
        with pytest.raises(LoginThrottledError) as refused:
            await world.log_in(email.upper(), password, ELSEWHERE, None)
        assert (str(refused.value), refused.value.retry_after_s) == ("too many attempts have failed", 1)
    assert world.hasher.hashed == hashed


async def test_right_password_after_the_delay_logs_in_and_resets_the_failures(world: World) -> None:
    await world.registered("ada@example.com")
    await fail(world)
    world.throttle.now += 1
    await world.log_in("ada@example.com", PASSWORD, ELSEWHERE, None)
    await fail(world)


async def test_concurrent_guesses_are_limited_like_sequential_ones(world: World) -> None:
    await world.registered("ada@example.com")
    hashed = world.hasher.hashed
    guesses = (world.log_in("ada@example.com", "wrong", ELSEWHERE, None) for _ in range(30))
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(InvalidCredentialsError) == ATTEMPTS
    assert world.hasher.hashed == hashed + ATTEMPTS


async def test_attacker_from_another_network_does_not_lock_the_owner_out(world: World) -> None:
    credentials = await world.registered("ada@example.com")
    await fail(world)
    await world.logged_in(credentials)  # from the network of the registration


async def test_registering_a_taken_email_makes_no_network_familiar(world: World) -> None:
    await world.registered("ada@example.com")
    with pytest.raises(EmailTakenError):
        await world.register("ada@example.com", "Eve", PASSWORD, ELSEWHERE, None)
    await fail(world)
    with pytest.raises(LoginThrottledError):
        await world.log_in("ada@example.com", PASSWORD, ELSEWHERE, None)


async def test_registration_succeeds_without_the_store_of_the_throttle(world: World) -> None:
    world.throttle.away = True
    await world.registered()


async def test_attempt_that_fails_inside_the_service_does_not_count(world: World) -> None:
    await world.registered("ada@example.com")
    world.hasher.full = True
    for _ in range(3 * ATTEMPTS):
        with pytest.raises(PasswordQueueFullError):
            await world.log_in("ada@example.com", "wrong", ELSEWHERE, None)
    world.hasher.full = False
    lost = DependencyUnavailableError("postgres")
    with patch.object(world.users, "get_by_email", side_effect=lost):
        for _ in range(3 * ATTEMPTS):
            with pytest.raises(DependencyUnavailableError):
                await world.log_in("ada@example.com", "wrong", ELSEWHERE, None)
    await fail(world)


async def test_attempt_that_is_cancelled_does_not_count(world: World) -> None:
    await world.registered("ada@example.com")
    hashing = asyncio.Event()

    async def never(*_: object) -> bool:
        hashing.set()
        return bool(await asyncio.get_running_loop().create_future())

    with patch.object(world.hasher, "verify", never):
        for _ in range(3 * ATTEMPTS):
            hashing.clear()
            attempt = asyncio.create_task(world.log_in("ada@example.com", "wrong", ELSEWHERE, None))
            await hashing.wait()
            attempt.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attempt
    await fail(world)


async def test_login_fails_without_the_store_of_the_throttle(world: World) -> None:
    credentials = await world.registered()
    hashed = world.hasher.hashed
    world.throttle.away = True
    with pytest.raises(DependencyUnavailableError):
        await world.logged_in(credentials)
    with pytest.raises(DependencyUnavailableError):
        await world.change_password(world.actor_of(credentials), PASSWORD, NEW, ORIGIN)
    assert world.hasher.hashed == hashed


async def test_password_change_is_throttled_like_a_login(world: World) -> None:
    credentials = await world.registered("ada@example.com")
    actor = world.actor_of(credentials)
    for _ in range(ATTEMPTS):
        with pytest.raises(InvalidCredentialsError):
            await world.change_password(actor, "wrong", NEW, ELSEWHERE)
    hashed = world.hasher.hashed
    with pytest.raises(LoginThrottledError):
        await world.change_password(actor, PASSWORD, NEW, ELSEWHERE)
    with pytest.raises(LoginThrottledError):
        await world.log_in("ada@example.com", PASSWORD, ELSEWHERE, None)
    assert world.hasher.hashed == hashed
    await world.change_password(actor, PASSWORD, NEW, ORIGIN)  # the owner, from the network of the registration


async def test_audit_log_records_a_throttled_account_once_per_delay(world: World) -> None:
    credentials = await world.registered("ada@example.com")
    await fail(world)
    for _ in range(20):
        with pytest.raises(LoginThrottledError):
            await world.log_in("ada@example.com", "wrong", ELSEWHERE, None)
    assert world.trail.kinds() == [AuditKind.LOGIN_FAILED] * (ATTEMPTS + 1)
    noted = world.trail.events[-1]
    assert (noted.subject, dict(noted.detail)) == (None, {"cause": "throttled", "bucket": "account"})
    with pytest.raises(LoginThrottledError):
        await world.change_password(world.actor_of(credentials), "wrong", NEW, ELSEWHERE)
    assert len(world.trail.events) == ATTEMPTS + 1


async def test_audit_log_records_a_wrong_current_password(world: World) -> None:
    credentials = await world.registered()
    with pytest.raises(InvalidCredentialsError):
        await world.change_password(world.actor_of(credentials), "wrong", NEW, ORIGIN)
    (noted,) = world.trail.events
    assert (noted.kind, noted.subject) == (AuditKind.LOGIN_FAILED, credentials.user.user_id)
    assert dict(noted.detail) == {"cause": "password_change"}


class SlowPasswords(ReadablePasswords):
    """A slow hasher, so that attempts overlap. most: the most hashes that were verified at once."""

    checking = most = 0

    async def verify(self, password_hash: str | None, password: str) -> bool:
        self.checking += 1
        self.most = max(self.most, self.checking)
        await asyncio.sleep(0.001)
        self.checking -= 1
        return await super().verify(password_hash, password)


@pytest.mark.parametrize("count", [ATTEMPTS + 3, 40])
async def test_concurrent_right_passwords_are_not_failures(count: int) -> None:
    """Attempts beyond the limit wait until the others are decided."""
    hasher = SlowPasswords()
    world = World(hasher=hasher)
    await world.registered("ada@example.com")
    together = (world.log_in("ada@example.com", PASSWORD, ELSEWHERE, None) for _ in range(count))
    assert len({credentials.session_key for credentials in await asyncio.gather(*together)}) == count
    assert hasher.most > 1


async def test_concurrent_wrong_passwords_do_not_exceed_the_limit() -> None:
    hasher = SlowPasswords()
    world = World(hasher=hasher)
    await world.registered("ada@example.com")
    guesses = (world.log_in("ada@example.com", f"wrong {number}", ELSEWHERE, None) for number in range(40))
    outcomes = [type(outcome) for outcome in await asyncio.gather(*guesses, return_exceptions=True)]
    assert outcomes.count(InvalidCredentialsError) == ATTEMPTS
    assert outcomes.count(LoginThrottledError) == 40 - ATTEMPTS


async def test_wait_for_undecided_attempts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_attempts, "_MAX_WAIT_S", 0.05)
    world = World()
    await world.registered("ada@example.com")
    attempts = PasswordAttempts(world.throttle, world.trail)
    async with AsyncExitStack() as stack:
        for _ in range(ATTEMPTS):
            await stack.enter_async_context(attempts.attempt("ada@example.com", ELSEWHERE))
        with pytest.raises(LoginThrottledError):
            async with attempts.attempt("ada@example.com", ELSEWHERE):
                raise AssertionError("one too many")
    assert attempts._in_progress == {}
