"""RenewSession, ReportUse and CheckSession, on top of the store's rule of renewal."""

from dataclasses import replace

import pytest
from user_svc.domain.audit import AuditKind
from user_svc.domain.errors import DependencyUnavailableError, SessionInvalidError, SessionReusedError
from user_svc.domain.session_key import SessionKeySeal
from user_svc.domain.user import Role

from tests.examples.users import ORIGIN, an_event, deleted
from tests.unit.user_svc.world import SESSION_POLICY, World


async def test_renewal_returns_the_successor_and_a_token(world: World) -> None:
    credentials = await world.registered()
    renewed = await world.renew(credentials.session_key, ORIGIN)
    assert world.key_of(renewed) == replace(world.key_of(credentials), counter=2)
    assert renewed.token.text.endswith(" 2")
    assert world.trail.kinds() == [AuditKind.SESSION_RENEWED]


async def test_repeated_renewal_returns_the_same_successor(world: World) -> None:
    credentials = await world.registered()
    renewed = [await world.renew(credentials.session_key, ORIGIN) for _ in range(5)]
    assert len({each.session_key for each in renewed}) == 1
    assert world.trail.kinds() == [AuditKind.SESSION_RENEWED]


async def test_renewed_token_has_the_current_role(world: World) -> None:
    credentials = await world.registered()
    await world.set_role.by_operator(credentials.user.user_id, Role.ADMIN)
    again = await world.logged_in(credentials)
    assert (await world.renew(again.session_key, ORIGIN)).user.role is Role.ADMIN


async def test_session_of_a_former_role_is_not_renewed_even_if_ending_it_failed(world: World) -> None:
    credentials = await world.registered()
    world.sessions.away = True
    with pytest.raises(DependencyUnavailableError):
        await world.set_role.by_operator(credentials.user.user_id, Role.ADMIN)
    world.sessions.away = False
    with pytest.raises(SessionInvalidError):
        await world.renew(credentials.session_key, ORIGIN)
    assert not await world.is_live(credentials)


async def test_session_of_a_deleted_user_is_not_renewed(world: World) -> None:
    credentials = await world.registered()
    await world.users.remove(deleted(credentials.user), an_event(AuditKind.USER_DELETED, credentials.user))
    with pytest.raises(SessionInvalidError):
        await world.renew(credentials.session_key, ORIGIN)
    assert not await world.is_live(credentials)


async def test_session_of_a_former_password_is_not_renewed_even_if_ending_it_failed(world: World) -> None:
    credentials = await world.registered()
    other = await world.logged_in(credentials)
    event = an_event(AuditKind.PASSWORD_CHANGED, credentials.user)
    await world.users.change_password(credentials.user, "1$x", event)
    with pytest.raises(SessionInvalidError):
        await world.renew(other.session_key, ORIGIN)
    assert not await world.is_live(other)


async def test_session_on_record_as_ended_is_not_renewed_even_if_the_store_has_it(world: World) -> None:
    """As if the hash of a session that its owner had ended was written to the store again."""
    credentials = await world.registered()
    world.users.ended_sessions.add(world.key_of(credentials).session_id)
    with pytest.raises(SessionInvalidError):
        await world.renew(credentials.session_key, ORIGIN)
    assert not await world.is_live(credentials)


async def test_reused_key_ends_the_session_and_is_audited(world: World) -> None:
    credentials = await world.registered()
    renewed = await world.renew(credentials.session_key, ORIGIN)
    await world.renew(renewed.session_key, ORIGIN)
    with pytest.raises(SessionReusedError):
        await world.renew(credentials.session_key, ORIGIN)
    assert not await world.is_live(credentials)
    reused = world.trail.events[-1]
    assert (reused.kind, reused.subject, reused.actor) == (AuditKind.SESSION_REUSED, credentials.user.user_id, None)


async def test_forged_key_does_not_reach_the_store(world: World) -> None:
    credentials = await world.registered()
    world.sessions.away = True
    forged = SessionKeySeal(b"x" * 32).seal(world.key_of(credentials))
    with pytest.raises(SessionInvalidError):
        await world.renew(forged, ORIGIN)


async def test_renewal_without_the_store_ends_no_session(world: World) -> None:
    credentials = await world.registered()
    world.sessions.away = True
    with pytest.raises(DependencyUnavailableError):
        await world.renew(credentials.session_key, ORIGIN)
    world.sessions.away = False
    assert (await world.renew(credentials.session_key, ORIGIN)).user == credentials.user


async def test_token_used_by_the_gateway_does_not_confirm_its_key(world: World) -> None:
    """The gateway renews, calls the service with the new token, and the response to the client is lost."""
    credentials = await world.registered()
    for _ in range(3):
        renewed = await world.renew(credentials.session_key, ORIGIN)
        await world.check_session(world.actor_of(renewed), ORIGIN)
        world.sessions.now += SESSION_POLICY.grace_s + 1
    assert world.key_of(renewed).counter == 2


async def test_token_presented_by_a_client_confirms_its_key(world: World) -> None:
    credentials = await world.registered()
    renewed = await world.renew(credentials.session_key, ORIGIN)
    await world.report_use(renewed.token.text)
    assert (await world.renew(credentials.session_key, ORIGIN)).session_key == renewed.session_key
    world.sessions.now += SESSION_POLICY.grace_s + 1
    with pytest.raises(SessionReusedError):
        await world.renew(credentials.session_key, ORIGIN)


async def test_token_of_the_predecessor_does_not_confirm_the_successor(world: World) -> None:
    credentials = await world.registered()
    await world.renew(credentials.session_key, ORIGIN)
    await world.report_use(credentials.token.text)
    world.sessions.now += SESSION_POLICY.grace_s + 1
    assert world.key_of(await world.renew(credentials.session_key, ORIGIN)).counter == 2


@pytest.mark.parametrize("end", ["rubbish", "logout"])
async def test_report_of_a_token_fails_unless_its_session_is_live(world: World, end: str) -> None:
    credentials = await world.registered()
    await world.log_out(world.actor_of(credentials), ORIGIN)
    with pytest.raises(SessionInvalidError):
        await world.report_use(credentials.token.text if end == "logout" else end)


async def test_check_of_an_ended_session_fails(world: World) -> None:
    credentials = await world.registered()
    actor = world.actor_of(credentials)
    await world.check_session(actor, ORIGIN)
    await world.log_out(actor, ORIGIN)
    with pytest.raises(SessionInvalidError):
        await world.check_session(actor, ORIGIN)


async def test_use_records_where_it_came_from(world: World) -> None:
    credentials = await world.registered()
    elsewhere = replace(ORIGIN, address="198.51.100.9", agent="Links/2.30")
    await world.check_session(world.actor_of(credentials), elsewhere)
    (listed,) = await world.list_sessions(world.actor_of(credentials))
    assert (listed.address, listed.agent) == (elsewhere.address, elsewhere.agent)


async def test_renewals_are_audited_once_a_minute(world: World) -> None:
    credentials = await world.registered()
    for _ in range(12):
        credentials = await world.renew(credentials.session_key, ORIGIN)
        world.sessions.pass_time(10)
    other = await world.registered("bob@example.com")
    await world.renew(other.session_key, ORIGIN)
    recorded = [(event.subject, event.detail["counter"]) for event in world.trail.events]
    assert recorded == [(credentials.user.user_id, "2"), (credentials.user.user_id, "8"), (other.user.user_id, "2")]


async def test_renewal_is_audited_if_the_record_is_unavailable(world: World) -> None:
    credentials = await world.registered()
    world.record.away = True
    await world.renew(credentials.session_key, ORIGIN)
    assert world.trail.kinds() == [AuditKind.SESSION_RENEWED]
