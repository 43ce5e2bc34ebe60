"""Login."""

from dataclasses import replace
from unittest.mock import patch

import pytest
from user_svc.domain.audit import AuditKind
from user_svc.domain.errors import InvalidCredentialsError

from tests.examples.users import ORIGIN, PASSWORD
from tests.unit.user_svc.world import World


async def test_each_login_opens_a_new_session(world: World) -> None:
    credentials = await world.registered()
    first, second = await world.logged_in(credentials), await world.logged_in(credentials)
    assert len({each.session_key for each in (credentials, first, second)}) == 3
    assert all([await world.is_live(each) for each in (credentials, first, second)])
    assert [event.kind for event in world.users.events].count(AuditKind.LOGGED_IN) == 2


async def test_email_matches_in_any_case_and_password_in_any_normal_form(world: World) -> None:
    await world.register("Ada@example.com", "Ada", "caf\u00e9 au lait by the sea", ORIGIN, None)
    await world.log_in("aDA@EXAMPLE.com", "cafe\u0301 au lait by the sea", ORIGIN, None)


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_unknown_email_and_wrong_password_fail_alike_and_cost_one_hash(world: World, email: str) -> None:
    credentials = await world.registered("ada@example.com")
    hashed = world.hasher.hashed
    with pytest.raises(InvalidCredentialsError) as refused:
        await world.log_in(email, PASSWORD + " ", ORIGIN, credentials.session_key)
    assert str(refused.value) == "the email or the password is wrong"
    assert world.hasher.hashed == hashed + 1
    assert world.trail.kinds() == [AuditKind.LOGIN_FAILED]
    assert await world.is_live(credentials)


async def test_audit_event_of_a_failure_names_the_account_but_not_the_input(world: World) -> None:
    credentials = await world.registered("ada@example.com")
    for email in ("ada@example.com", "my password by mistake"):
        with pytest.raises(InvalidCredentialsError):
            await world.log_in(email, "wrong", ORIGIN, None)
    assert [event.subject for event in world.trail.events] == [credentials.user.user_id, None]
    assert all(not event.detail for event in world.trail.events)


async def test_presented_session_is_ended(world: World) -> None:
    credentials = await world.registered()
    after = await world.log_in(credentials.user.email, PASSWORD, ORIGIN, credentials.session_key)
    assert not await world.is_live(credentials)
    assert await world.is_live(after)


async def test_forged_session_key_ends_no_session(world: World) -> None:
    credentials = await world.registered()
    forged = credentials.session_key[:-1] + ("A" if credentials.session_key[-1] != "A" else "B")
    await world.log_in(credentials.user.email, PASSWORD, ORIGIN, forged)
    assert await world.is_live(credentials)


async def test_login_fails_if_the_password_changes_during_it(world: World) -> None:
    credentials = await world.registered()
    stale = credentials.user
    await world.change_password(world.actor_of(credentials), PASSWORD, "another horse battery", ORIGIN)
    with patch.object(world.users, "get_by_email", return_value=stale), pytest.raises(InvalidCredentialsError):
        await world.logged_in(credentials)
    assert len(world.sessions._sessions) == 1


async def test_outdated_hash_is_replaced(world: World) -> None:
    credentials = await world.registered()
    world.hasher.cost = 2
    await world.logged_in(credentials)
    strong = replace(credentials.user, password_hash=f"2${PASSWORD}")
    assert await world.users.get(credentials.user.user_id) == strong
    hashed = world.hasher.hashed
    world.hasher.cost = 1
    await world.logged_in(credentials)
    assert world.hasher.hashed == hashed + 1
    assert await world.users.get(credentials.user.user_id) == strong
