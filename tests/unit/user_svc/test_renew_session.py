"""RenewSession: the answers around the store's rule."""

import pytest
from user_svc.domain.audit import AuditKind
from user_svc.domain.errors import DependencyUnavailableError, SessionInvalidError, SessionReusedError
from user_svc.domain.session_key import SessionKey, SessionKeySeal
from user_svc.domain.user import Role

from tests.examples.users import ORIGIN, PASSWORD, an_event, deleted
from tests.unit.user_svc.world import TERMS, World


async def test_gives_the_successor_and_a_token(world: World) -> None:
    grant = await world.registered()
    renewed = await world.renew(grant.session_key, ORIGIN)
    assert world.key_of(renewed) == SessionKey(world.key_of(grant).session_id, 2)
    assert renewed.token.text.endswith(" 2")
    assert world.trail.kinds() == [AuditKind.SESSION_RENEWED]


async def test_the_same_key_again_gives_the_same_successor(world: World) -> None:
    grant = await world.registered()
    renewed = [await world.renew(grant.session_key, ORIGIN) for _ in range(5)]
    assert len({each.session_key for each in renewed}) == 1
    assert world.trail.kinds() == [AuditKind.SESSION_RENEWED]


async def test_the_role_is_the_users_of_now(world: World) -> None:
    grant = await world.registered()
    await world.set_role.by_operator(grant.user.user_id, Role.ADMIN)
    again = await world.logged_in(grant)
    assert (await world.renew(again.session_key, ORIGIN)).user.role is Role.ADMIN


async def test_a_session_of_a_former_role_is_dead_even_if_ending_it_failed(world: World) -> None:
    grant = await world.registered()
    world.sessions.away = True
    with pytest.raises(DependencyUnavailableError):
        await world.set_role.by_operator(grant.user.user_id, Role.ADMIN)
    world.sessions.away = False
    with pytest.raises(SessionInvalidError):
        await world.renew(grant.session_key, ORIGIN)
    assert not await world.lives(grant)


async def test_a_deleted_users_session_is_dead(world: World) -> None:
    grant = await world.registered()
    await world.users.remove(deleted(grant.user), an_event(AuditKind.USER_DELETED, grant.user))
    with pytest.raises(SessionInvalidError):
        await world.renew(grant.session_key, ORIGIN)
    assert not await world.lives(grant)


async def test_a_session_of_an_old_password_is_dead_even_if_ending_it_failed(world: World) -> None:
    grant = await world.registered()
    other = await world.logged_in(grant)
    event = an_event(AuditKind.PASSWORD_CHANGED, grant.user)
    await world.users.change_password(grant.user, "1$x", event)
    with pytest.raises(SessionInvalidError):
        await world.renew(other.session_key, ORIGIN)
    assert not await world.lives(other)


async def test_the_session_in_which_the_password_is_being_changed_lives(world: World) -> None:
    """It is confirmed before the account has the new password."""
    grant = await world.registered()
    await world.sessions.confirm(world.key_of(grant).session_id, grant.user.user_id, 2)
    renewed = await world.renew(grant.session_key, ORIGIN)
    await world.users.change_password(grant.user, "1$x", an_event(AuditKind.PASSWORD_CHANGED, grant.user))
    assert world.key_of(await world.renew(renewed.session_key, ORIGIN)).counter == 3


async def test_a_stolen_key_ends_the_session_and_is_put_on_record(world: World) -> None:
    grant = await world.registered()
    renewed = await world.renew(grant.session_key, ORIGIN)
    await world.renew(renewed.session_key, ORIGIN)
    with pytest.raises(SessionReusedError):
        await world.renew(grant.session_key, ORIGIN)
    assert not await world.lives(grant)
    reused = world.trail.events[-1]
    assert (reused.kind, reused.subject, reused.actor) == (AuditKind.SESSION_REUSED, grant.user.user_id, None)


async def test_a_forged_key_does_not_reach_the_store(world: World) -> None:
    grant = await world.registered()
    world.sessions.away = True
    forged = SessionKeySeal(b"x" * 32).seal(world.key_of(grant))
    with pytest.raises(SessionInvalidError):
        await world.renew(forged, ORIGIN)


async def test_without_the_store_nobody_is_logged_out(world: World) -> None:
    grant = await world.registered()
    world.sessions.away = True
    with pytest.raises(DependencyUnavailableError):
        await world.renew(grant.session_key, ORIGIN)
    world.sessions.away = False
    assert (await world.renew(grant.session_key, ORIGIN)).user == grant.user


async def test_the_token_that_the_gateway_itself_uses_proves_nothing(world: World) -> None:
    """The gateway renews, calls us with the new token, and the answer to the client is lost."""
    grant = await world.registered()
    for _ in range(3):
        renewed = await world.renew(grant.session_key, ORIGIN)
        await world.attend(world.actor_of(renewed), 2, world.sessions.now)
        world.sessions.now += TERMS.grace_s + 1
    assert world.key_of(renewed).counter == 2


async def test_the_token_that_the_client_uses_later_proves_that_it_came(world: World) -> None:
    grant = await world.registered()
    renewed = await world.renew(grant.session_key, ORIGIN)
    minted_at = world.sessions.now
    world.sessions.now += TERMS.grace_s + 1
    await world.attend(world.actor_of(renewed), 2, minted_at)
    with pytest.raises(SessionReusedError):
        await world.renew(grant.session_key, ORIGIN)


async def test_attending_an_ended_session_fails(world: World) -> None:
    grant = await world.registered()
    actor = world.actor_of(grant)
    await world.attend(actor, 1, world.sessions.now)
    await world.log_out(actor, ORIGIN)
    with pytest.raises(SessionInvalidError):
        await world.attend(actor, 1, world.sessions.now)


async def test_a_password_change_keeps_the_session_renewable(world: World) -> None:
    grant = await world.registered()
    await world.change_password(world.actor_of(grant), PASSWORD, "another horse battery", ORIGIN)
    assert world.key_of(await world.renew(grant.session_key, ORIGIN)).counter == 2
