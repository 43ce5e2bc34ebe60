"""The contract of UserRepository.change_role and the last administrator, for the fake in memory and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from service_kit.postgres import PostgresPool
from user_svc.domain.actor import Origin
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import AccessDeniedError, LastAdminError, UserNotFoundError
from user_svc.domain.user import Role, RoleChange, User

from tests.contract.user_repositories import Store, in_memory, in_postgres
from tests.examples.users import a_user, an_event, deleted
from tests.running.servers import RunningPostgres
from tests.running.user_database import migrated_database, user_pool


@pytest.fixture(scope="module")
async def pool(postgres_server: RunningPostgres) -> AsyncIterator[PostgresPool]:
    async with user_pool(migrated_database(postgres_server)) as pool:
        yield pool


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest, pool: PostgresPool) -> Store:
    """A store without accounts."""
    store = in_memory() if request.param == "memory" else in_postgres(pool)
    await store.empty()
    return store


def changed_by(actor: User | None, subject: User) -> AuditEvent:
    return AuditEvent(AuditKind.ROLE_CHANGED, actor.user_id if actor is not None else None, subject.user_id, Origin())


async def test_role_change_increments_the_password_version(store: Store) -> None:
    boss, user = await store.added(role=Role.ADMIN), await store.added()
    change = await store.users.change_role(user.user_id, Role.ADMIN, changed_by(boss, user))
    assert change == RoleChange(replace(user, role=Role.ADMIN, password_version=2), is_made=True)
    assert await store.users.get(user.user_id) == change.user
    event = (await store.events_of(user))[-1]
    assert (event.kind, event.actor, event.detail) == (
        AuditKind.ROLE_CHANGED,
        boss.user_id,
        {"from": "user", "to": "admin"},
    )


async def test_login_under_the_former_role_is_not_recorded(store: Store) -> None:
    user = await store.added()
    await store.users.change_role(user.user_id, Role.ADMIN, changed_by(None, user))
    assert not await store.users.record_login(user, an_event(AuditKind.LOGGED_IN, user))


async def test_setting_the_same_role_changes_nothing(store: Store) -> None:
    for role in Role:
        user = await store.added(role=role)
        change = await store.users.change_role(user.user_id, role, changed_by(None, user))
        assert change == RoleChange(user, is_made=False)
        assert await store.kinds_of(user) == [AuditKind.REGISTERED]


async def test_unknown_user_is_not_found(store: Store) -> None:
    user = a_user()
    with pytest.raises(UserNotFoundError):
        await store.users.change_role(user.user_id, Role.ADMIN, changed_by(None, user))
    assert await store.kinds_of(user) == []


async def test_actor_who_is_no_longer_an_administrator_is_refused(store: Store) -> None:
    await store.added(role=Role.ADMIN)
    user = await store.added()
    for actor in (user, a_user()):
        with pytest.raises(AccessDeniedError):
            await store.users.change_role(user.user_id, Role.ADMIN, changed_by(actor, user))
    assert await store.users.get(user.user_id) == user


async def test_last_administrator_is_neither_demoted_nor_removed(store: Store) -> None:
    boss, _ = await store.added(role=Role.ADMIN), await store.added()
    with pytest.raises(LastAdminError):
        await store.users.change_role(boss.user_id, Role.USER, changed_by(boss, boss))
    with pytest.raises(LastAdminError):
        await store.users.remove(deleted(boss), an_event(AuditKind.USER_DELETED, boss))
    assert await store.users.get(boss.user_id) == boss
    assert await store.kinds_of(boss) == [AuditKind.REGISTERED]
    assert await store.published_of(boss) == []


async def test_administrator_is_removed_while_there_is_another(store: Store) -> None:
    boss, other = await store.added(role=Role.ADMIN), await store.added(role=Role.ADMIN)
    assert await store.users.remove(deleted(boss), an_event(AuditKind.USER_DELETED, boss))
    assert await store.users.get(boss.user_id) is None
    with pytest.raises(LastAdminError):
        await store.users.remove(deleted(other), an_event(AuditKind.USER_DELETED, other))


@pytest.mark.parametrize("ways", [("demote", "demote"), ("demote", "delete"), ("delete", "delete")], ids=str)
async def test_one_of_two_administrators_who_remove_each_other_stays(store: Store, ways: tuple[str, str]) -> None:
    for _ in range(8):
        bosses = [await store.added(role=Role.ADMIN) for _ in range(2)]
        results = await asyncio.gather(
            *(
                _take_away(store, way, actor, subject)
                for way, actor, subject in zip(ways, bosses, bosses[::-1], strict=True)
            ),
            return_exceptions=True,
        )
        failed = [result for result in results if isinstance(result, BaseException)]
        assert len(failed) == 1, results
        assert isinstance(failed[0], LastAdminError | AccessDeniedError)
        left = [user for each in bosses if (user := await store.users.get(each.user_id)) and user.is_admin]
        assert len(left) == 1
        await store.empty()


def _take_away(store: Store, way: str, actor: User, subject: User) -> Coroutine[Any, Any, object]:
    if way == "demote":
        return store.users.change_role(subject.user_id, Role.USER, changed_by(actor, subject))
    return store.users.remove(
        deleted(subject), AuditEvent(AuditKind.USER_DELETED, actor.user_id, subject.user_id, Origin())
    )
