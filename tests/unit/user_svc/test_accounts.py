"""GetUser, DeleteUser, ChangePassword, create-admin: permissions, and the effect on sessions."""

import unicodedata

import pytest
from user_svc.domain.actor import Actor
from user_svc.domain.audit import AuditKind
from user_svc.domain.errors import (
    DependencyUnavailableError,
    EmailTakenError,
    InvalidCredentialsError,
    PasswordRefusedError,
    SessionInvalidError,
    UserNotFoundError,
)
from user_svc.domain.user import Role

from tests.examples.users import ORIGIN, PASSWORD, a_user
from tests.unit.user_svc.world import World

NEW = "another horse battery"


def admin() -> Actor:
    return Actor(a_user().user_id, "A" * 22, is_admin=True)


async def test_user_sees_own_account(world: World) -> None:
    credentials = await world.registered()
    actor = world.actor_of(credentials)
    assert await world.get(actor, None) == await world.get(actor, actor.user_id) == credentials.user


async def test_user_neither_sees_nor_deletes_another_user_known_or_not(world: World) -> None:
    alice, bob = await world.registered(), await world.registered("bob@example.com")
    for user_id in (bob.user.user_id, a_user().user_id):
        with pytest.raises(UserNotFoundError):
            await world.get(world.actor_of(alice), user_id)
        with pytest.raises(UserNotFoundError):
            await world.delete(world.actor_of(alice), user_id, ORIGIN)
    assert await world.is_live(bob)


async def test_administrator_sees_and_deletes_any_user(world: World) -> None:
    bob = await world.registered()
    boss = admin()
    assert await world.get(boss, bob.user.user_id) == bob.user
    await world.delete(boss, bob.user.user_id, ORIGIN)
    assert not await world.is_live(bob)
    deleted = world.users.events[-1]
    assert (deleted.kind, deleted.actor, deleted.subject) == (
        AuditKind.USER_DELETED,
        boss.user_id,
        bob.user.user_id,
    )
    with pytest.raises(UserNotFoundError):
        await world.get(boss, bob.user.user_id)


async def test_deletion_ends_every_session_of_the_user(world: World) -> None:
    credentials = await world.registered()
    other = await world.logged_in(credentials)
    await world.delete(world.actor_of(credentials), None, ORIGIN)
    assert not await world.is_live(credentials)
    assert not await world.is_live(other)


async def test_interrupted_deletion_is_completed_by_the_next_attempt(world: World) -> None:
    credentials = await world.registered()
    actor = world.actor_of(credentials)
    world.sessions.away = True
    with pytest.raises(DependencyUnavailableError):
        await world.delete(actor, None, ORIGIN)
    world.sessions.away = False
    assert await world.is_live(credentials)
    with pytest.raises(UserNotFoundError):
        await world.delete(actor, None, ORIGIN)
    assert not await world.is_live(credentials)


async def test_password_change_ends_every_session_and_opens_a_new_one(world: World) -> None:
    """The session of the call ends, too: a copy of its key must not survive the change."""
    credentials = await world.registered()
    other = await world.logged_in(credentials)
    fresh = await world.change_password(world.actor_of(credentials), PASSWORD, NEW, ORIGIN)
    assert [await world.is_live(each) for each in (credentials, other, fresh)] == [False, False, True]
    assert (world.key_of(fresh).counter, world.key_of(fresh).password_version) == (1, 2)
    assert world.key_of(await world.renew(fresh.session_key, ORIGIN)).counter == 2
    for ended in (credentials, other):
        with pytest.raises(SessionInvalidError):
            await world.renew(ended.session_key, ORIGIN)
    assert world.users.events[-1].kind is AuditKind.PASSWORD_CHANGED
    revoked = [event for event in world.trail.events if event.kind is AuditKind.SESSION_REVOKED]
    assert [event.detail["session_id"] for event in revoked] == [world.key_of(other).session_id]
    with pytest.raises(InvalidCredentialsError):
        await world.logged_in(credentials)
    await world.log_in(credentials.user.email, NEW, ORIGIN, None)


async def test_wrong_current_password_changes_nothing(world: World) -> None:
    credentials = await world.registered()
    other = await world.logged_in(credentials)
    with pytest.raises(InvalidCredentialsError):
        await world.change_password(world.actor_of(credentials), PASSWORD + "!", NEW, ORIGIN)
    assert await world.users.get(credentials.user.user_id) == credentials.user
    assert await world.is_live(other)


async def test_password_change_that_loses_a_race_leaves_no_session(world: World) -> None:
    """A concurrent change was faster, and has ended the sessions."""
    credentials = await world.registered()
    overtaken = world.users.change_password

    async def too_late(*_: object) -> None:
        return None

    world.users.change_password = too_late  # type: ignore[method-assign, assignment]
    with pytest.raises(InvalidCredentialsError):
        await world.change_password(world.actor_of(credentials), PASSWORD, NEW, ORIGIN)
    world.users.change_password = overtaken  # type: ignore[method-assign]
    assert len(await world.list_sessions(world.actor_of(credentials))) == 1


@pytest.mark.parametrize("new", [PASSWORD, "cafe\u0301 with a long name"])
async def test_password_change_to_the_same_password_is_refused(world: World, new: str) -> None:
    """In every normal form."""
    credentials = await world.registered()
    with pytest.raises(PasswordRefusedError) as refused:
        await world.change_password(world.actor_of(credentials), unicodedata.normalize("NFC", new), new, ORIGIN)
    assert refused.value.rule == "password.unchanged"
    assert await world.is_live(credentials)


async def test_refused_new_password_changes_nothing(world: World) -> None:
    credentials = await world.registered()
    with pytest.raises(PasswordRefusedError):
        await world.change_password(world.actor_of(credentials), PASSWORD, "passwordpassword", ORIGIN)
    assert await world.users.get(credentials.user.user_id) == credentials.user


async def test_password_of_a_deleted_user_is_not_changed(world: World) -> None:
    credentials = await world.registered()
    await world.delete(world.actor_of(credentials), None, ORIGIN)
    with pytest.raises(InvalidCredentialsError):
        await world.change_password(world.actor_of(credentials), PASSWORD, NEW, ORIGIN)


async def test_create_admin_creates_an_administrator(world: World) -> None:
    created = await world.create_admin("boss@example.com", "Boss", PASSWORD)
    assert (created.role, created.password_version) == (Role.ADMIN, 1)
    assert (await world.log_in("boss@example.com", PASSWORD, ORIGIN, None)).user == created
    with pytest.raises(EmailTakenError):
        await world.create_admin("BOSS@example.com", "Boss", PASSWORD)
    with pytest.raises(PasswordRefusedError):
        await world.create_admin("other@example.com", "Boss", "short")


async def test_create_admin_does_not_promote_an_existing_account_by_its_email(world: World) -> None:
    credentials = await world.registered("boss@example.com")
    with pytest.raises(EmailTakenError):
        await world.create_admin("Boss@example.com", "Boss", NEW)
    assert await world.users.get(credentials.user.user_id) == credentials.user
    assert await world.is_live(credentials)
