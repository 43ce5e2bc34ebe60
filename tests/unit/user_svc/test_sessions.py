"""IntrospectToken, ListSessions, RevokeSession and Logout."""

import pytest
from user_svc.domain.actor import Actor
from user_svc.domain.audit import AuditKind
from user_svc.domain.errors import SessionNotFoundError

from tests.examples.users import ORIGIN, a_user
from tests.unit.user_svc.world import World


async def test_introspection_returns_the_claims_of_an_own_token(world: World) -> None:
    credentials = await world.registered()
    contents = await world.introspect(world.actor_of(credentials), credentials.token.text)
    assert contents is not None
    assert (contents.user_id, contents.session_id) == (credentials.user.user_id, world.key_of(credentials).session_id)


@pytest.mark.parametrize("token", ["", "rubbish"])
async def test_introspection_returns_nothing_for_a_malformed_token(world: World, token: str) -> None:
    assert await world.introspect(world.actor_of(await world.registered()), token) is None


async def test_introspection_returns_nothing_for_a_token_of_an_ended_session(world: World) -> None:
    credentials = await world.registered()
    other = await world.logged_in(credentials)
    await world.log_out(world.actor_of(other), ORIGIN)
    assert await world.introspect(world.actor_of(credentials), other.token.text) is None


async def test_introspection_of_another_users_token_is_for_administrators(world: World) -> None:
    alice, bob = await world.registered(), await world.registered("bob@example.com")
    assert await world.introspect(world.actor_of(alice), bob.token.text) is None
    admin = Actor(a_user().user_id, "A" * 22, is_admin=True)
    contents = await world.introspect(admin, bob.token.text)
    assert contents is not None
    assert contents.user_id == bob.user.user_id


async def test_list_has_only_the_actors_sessions(world: World) -> None:
    alice = await world.registered()
    await world.registered("bob@example.com")
    other = await world.logged_in(alice)
    listed = await world.list_sessions(world.actor_of(alice))
    assert {session.session_id for session in listed} == {world.key_of(each).session_id for each in (alice, other)}
    assert {(session.address, session.agent) for session in listed} == {(ORIGIN.address, ORIGIN.agent)}


async def test_own_session_is_revoked_once(world: World) -> None:
    credentials = await world.registered()
    other = await world.logged_in(credentials)
    session_id = world.key_of(other).session_id
    await world.revoke(world.actor_of(credentials), session_id, ORIGIN)
    assert not await world.is_live(other)
    assert await world.is_live(credentials)
    assert world.trail.kinds() == [AuditKind.SESSION_REVOKED]
    assert world.trail.events[0].detail == {"session_id": session_id, "cause": "revoked"}
    with pytest.raises(SessionNotFoundError):
        await world.revoke(world.actor_of(credentials), session_id, ORIGIN)


async def test_session_of_another_user_is_not_found(world: World) -> None:
    alice, bob = await world.registered(), await world.registered("bob@example.com")
    with pytest.raises(SessionNotFoundError):
        await world.revoke(world.actor_of(alice), world.key_of(bob).session_id, ORIGIN)
    assert await world.is_live(bob)


async def test_logout_ends_only_the_current_session(world: World) -> None:
    credentials = await world.registered()
    other = await world.logged_in(credentials)
    await world.log_out(world.actor_of(credentials), ORIGIN)
    assert not await world.is_live(credentials)
    assert await world.is_live(other)
    await world.log_out(world.actor_of(credentials), ORIGIN)
    assert world.trail.kinds() == [AuditKind.SESSION_REVOKED]
