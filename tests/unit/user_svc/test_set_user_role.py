"""SetUserRole and the operator's promote and demote: permissions, ended sessions, the last administrator."""

import pytest
from user_svc.domain.actor import Actor, Origin
from user_svc.domain.audit import AuditKind
from user_svc.domain.errors import (
    AccessDeniedError,
    DependencyUnavailableError,
    LastAdminError,
    UserNotFoundError,
)
from user_svc.domain.user import Role
from user_svc.use_cases.credentials import Credentials

from tests.examples.users import ORIGIN, a_user
from tests.unit.user_svc.world import World


async def administrator(world: World, email: str = "boss@example.com") -> Credentials:
    credentials = await world.registered(email)
    await world.set_role.by_operator(credentials.user.user_id, Role.ADMIN)
    return await world.logged_in(credentials)


async def test_promotion_ends_every_session(world: World) -> None:
    boss, ada = await administrator(world), await world.registered()
    other = await world.logged_in(ada)
    promoted = await world.set_role(world.actor_of(boss), ada.user.user_id, Role.ADMIN, ORIGIN)
    assert (promoted.role, promoted.password_hash) == (Role.ADMIN, ada.user.password_hash)
    assert not await world.is_live(ada)
    assert not await world.is_live(other)
    assert await world.is_live(boss)
    event = world.users.events[-1]
    assert (event.kind, event.actor, event.subject, event.origin) == (
        AuditKind.ROLE_CHANGED,
        boss.user.user_id,
        ada.user.user_id,
        ORIGIN,
    )
    assert event.detail == {"from": "user", "to": "admin"}
    assert (await world.logged_in(ada)).user.role is Role.ADMIN


async def test_demotion_ends_every_session(world: World) -> None:
    boss, other = await administrator(world), await administrator(world, "other@example.com")
    await world.set_role(world.actor_of(boss), other.user.user_id, Role.USER, ORIGIN)
    assert not await world.is_live(other)
    assert (await world.logged_in(other)).user.role is Role.USER


@pytest.mark.parametrize("role", Role)
async def test_setting_the_same_role_changes_nothing(world: World, role: Role) -> None:
    boss, ada = await administrator(world), await world.registered()
    target = boss if role is Role.ADMIN else ada
    events = list(world.users.events)
    assert await world.set_role(world.actor_of(boss), target.user.user_id, role, ORIGIN) == target.user
    assert world.users.events == events
    assert await world.is_live(target)


async def test_only_administrators_set_roles(world: World) -> None:
    ada = await world.registered()
    for user_id in (ada.user.user_id, a_user().user_id):
        with pytest.raises(AccessDeniedError):
            await world.set_role(world.actor_of(ada), user_id, Role.ADMIN, ORIGIN)
    assert await world.users.get(ada.user.user_id) == ada.user


async def test_demoted_administrator_with_a_valid_token_changes_nothing(world: World) -> None:
    boss, former, ada = (
        await administrator(world),
        await administrator(world, "x@example.com"),
        await world.registered(),
    )
    await world.set_role(world.actor_of(boss), former.user.user_id, Role.USER, ORIGIN)
    actor = Actor(former.user.user_id, "S" * 22, is_admin=True)
    with pytest.raises(AccessDeniedError):
        await world.set_role(actor, ada.user.user_id, Role.ADMIN, ORIGIN)
    assert await world.users.get(ada.user.user_id) == ada.user


async def test_unknown_user_is_not_found(world: World) -> None:
    boss = await administrator(world)
    with pytest.raises(UserNotFoundError):
        await world.set_role(world.actor_of(boss), a_user().user_id, Role.USER, ORIGIN)
    with pytest.raises(UserNotFoundError):
        await world.set_role.by_operator(a_user().user_id, Role.ADMIN)


async def test_last_administrator_is_not_demoted(world: World) -> None:
    boss = await administrator(world)
    actor, user_id = world.actor_of(boss), boss.user.user_id
    with pytest.raises(LastAdminError):
        await world.set_role(actor, user_id, Role.USER, ORIGIN)
    with pytest.raises(LastAdminError):
        await world.set_role.by_operator(user_id, Role.USER)
    with pytest.raises(LastAdminError):
        await world.delete(actor, None, ORIGIN)
    assert await world.users.get(user_id) == boss.user
    await administrator(world, "other@example.com")
    await world.delete(actor, None, ORIGIN)
    assert await world.users.get(user_id) is None


async def test_change_by_the_operator_is_audited_as_such(world: World) -> None:
    await administrator(world)
    event = world.users.events[-2]
    assert (event.kind, event.actor, event.origin) == (AuditKind.ROLE_CHANGED, None, Origin())
    assert event.detail == {"by": "operator", "from": "user", "to": "admin"}


async def test_interrupted_change_is_completed_by_the_next_attempt(world: World) -> None:
    boss, other = await administrator(world), await administrator(world, "other@example.com")
    world.sessions.away = True
    with pytest.raises(DependencyUnavailableError):
        await world.set_role(world.actor_of(boss), other.user.user_id, Role.USER, ORIGIN)
    world.sessions.away = False
    assert await world.is_live(other)
    fresh = await world.logged_in(other)
    await world.set_role(world.actor_of(boss), other.user.user_id, Role.USER, ORIGIN)
    assert not await world.is_live(other)
    assert await world.is_live(fresh)
