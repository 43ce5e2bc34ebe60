"""Register."""

from unittest.mock import patch

import pytest
from user_svc.domain.audit import AuditKind
from user_svc.domain.errors import (
    DependencyUnavailableError,
    EmailTakenError,
    PasswordQueueFullError,
    PasswordRefusedError,
)
from user_svc.domain.user import Role

from tests.examples.users import ORIGIN, PASSWORD
from tests.unit.user_svc.world import World


async def test_registration_creates_an_account_with_a_session(world: World) -> None:
    credentials = await world.registered("Ada@Example.com")
    assert (credentials.user.email, credentials.user.name, credentials.user.role) == (
        "Ada@Example.com",
        "Ada",
        Role.USER,
    )
    assert await world.users.get(credentials.user.user_id) == credentials.user
    assert world.key_of(credentials).counter == 1
    assert await world.is_live(credentials)
    assert (credentials.token.text.split()[0], credentials.key_max_age_s) == (credentials.user.user_id, 100)
    assert [event.kind for event in world.users.events] == [AuditKind.REGISTERED]
    assert world.users.events[0].origin == ORIGIN


async def test_taken_email_is_refused_only_after_hashing(world: World) -> None:
    await world.registered("ada@example.com")
    hashed = world.hasher.hashed
    with pytest.raises(EmailTakenError):
        await world.registered("ADA@example.com")
    assert world.hasher.hashed == hashed + 1


async def test_taken_email_leaves_no_session_and_ends_none(world: World) -> None:
    credentials = await world.registered()
    with pytest.raises(EmailTakenError):
        await world.register(credentials.user.email, "Eve", PASSWORD, ORIGIN, credentials.session_key)
    assert await world.is_live(credentials)
    assert len(world.sessions._sessions) == 1


async def test_refused_password_costs_no_hash(world: World) -> None:
    with pytest.raises(PasswordRefusedError):
        await world.register("a@example.com", "Ada", "passwordpassword", ORIGIN, None)
    assert world.hasher.hashed == 0


async def test_registration_fails_without_the_store_of_sessions(world: World) -> None:
    world.sessions.away = True
    with pytest.raises(DependencyUnavailableError):
        await world.registered()
    assert await world.users.get_by_email("ada@example.com") is None


async def test_failed_registration_leaves_no_session(world: World) -> None:
    lost = DependencyUnavailableError("postgres")
    with patch.object(world.users, "add", side_effect=lost), pytest.raises(DependencyUnavailableError):
        await world.registered()
    assert not world.sessions._sessions


async def test_registration_fails_if_the_hashing_queue_is_full(world: World) -> None:
    world.hasher.full = True
    with pytest.raises(PasswordQueueFullError):
        await world.registered()
    assert await world.users.get_by_email("ada@example.com") is None


async def test_presented_session_is_ended(world: World) -> None:
    before = await world.registered()
    after = await world.register("eve@example.com", "Eve", PASSWORD, ORIGIN, before.session_key)
    assert not await world.is_live(before)
    assert await world.is_live(after)
    assert world.trail.kinds() == [AuditKind.SESSION_REVOKED]
    assert world.trail.events[0].subject == before.user.user_id
