"""The contract of the port UserRepository, for the fake in memory and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from service_kit.postgres import PostgresPool
from user_svc.domain.audit import AuditEvent, AuditKind
from user_svc.domain.errors import EmailTakenError
from user_svc.domain.user import Role

from tests.contract.user_repositories import Store, in_memory, in_postgres
from tests.examples.users import a_user, an_event, deleted
from tests.running.servers import RunningPostgres
from tests.running.user_database import migrated_database, user_pool


@pytest.fixture(scope="module")
async def pool(postgres_server: RunningPostgres) -> AsyncIterator[PostgresPool]:
    async with user_pool(migrated_database(postgres_server)) as pool:
        yield pool


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    return in_memory() if request.param == "memory" else in_postgres(request.getfixturevalue("pool"))


async def test_added_account_is_returned(store: Store) -> None:
    user = await store.added(name="Zoë 🦀 O'Brien", role=Role.ADMIN)
    assert await store.users.get(user.user_id) == user
    assert await store.kinds_of(user) == [AuditKind.REGISTERED]


async def test_unknown_account_is_not_found(store: Store) -> None:
    assert await store.users.get(a_user().user_id) is None
    assert await store.users.get_by_email("nobody@example.com") is None


async def test_email_is_found_in_any_case(store: Store) -> None:
    user = await store.added()
    for email in (user.email, user.email.upper(), user.email.lower()):
        assert await store.users.get_by_email(email) == user


async def test_email_is_taken_in_any_case(store: Store) -> None:
    user = await store.added()
    other = a_user(email=user.email.upper())
    with pytest.raises(EmailTakenError):
        await store.users.add(other, an_event(AuditKind.REGISTERED, other))
    assert await store.users.get(other.user_id) is None
    assert await store.kinds_of(other) == []


async def test_one_of_many_concurrent_registrations_gets_the_email(store: Store) -> None:
    users = [a_user(email="Race@example.com") for _ in range(8)]
    adding = (store.users.add(user, an_event(AuditKind.REGISTERED, user)) for user in users)
    results = await asyncio.gather(*adding, return_exceptions=True)
    assert results.count(None) == 1
    assert all(result is None or isinstance(result, EmailTakenError) for result in results)


async def test_login_is_recorded(store: Store) -> None:
    user = await store.added()
    assert await store.users.record_login(user, an_event(AuditKind.LOGGED_IN, user, session_id="s"))
    assert await store.kinds_of(user) == [AuditKind.REGISTERED, AuditKind.LOGGED_IN]


async def test_password_is_changed_once(store: Store) -> None:
    user = await store.added()
    event = an_event(AuditKind.PASSWORD_CHANGED, user)
    changed = await store.users.change_password(user, "1$another", event)
    assert changed == replace(user, password_hash="1$another", password_version=2)
    assert await store.users.get(user.user_id) == changed
    assert await store.users.change_password(user, "1$third", event) is None
    assert (await store.kinds_of(user)).count(AuditKind.PASSWORD_CHANGED) == 1


async def test_login_with_the_old_password_is_not_recorded(store: Store) -> None:
    user = await store.added()
    await store.users.change_password(user, "1$another", an_event(AuditKind.PASSWORD_CHANGED, user))
    assert not await store.users.record_login(user, an_event(AuditKind.LOGGED_IN, user))
    assert AuditKind.LOGGED_IN not in await store.kinds_of(user)


async def test_rehash_is_not_a_password_change(store: Store) -> None:
    user = await store.added()
    await store.users.rehash_password(user, "2$same")
    assert await store.users.get(user.user_id) == replace(user, password_hash="2$same")


async def test_rehash_of_an_old_password_is_not_kept(store: Store) -> None:
    user = await store.added()
    changed = await store.users.change_password(user, "1$new", an_event(AuditKind.PASSWORD_CHANGED, user))
    await store.users.rehash_password(user, "2$old")
    assert await store.users.get(user.user_id) == changed


async def test_removal_keeps_the_audit_log_and_publishes_one_event(store: Store) -> None:
    user = await store.added()
    event: AuditEvent = an_event(AuditKind.USER_DELETED, user)
    deletion = deleted(user)
    assert await store.published_of(user) == []
    assert await store.users.remove(deletion, event)
    assert not await store.users.remove(deleted(user), event)
    assert await store.users.get(user.user_id) is None
    assert await store.kinds_of(user) == [AuditKind.REGISTERED, AuditKind.USER_DELETED]
    assert await store.published_of(user) == [deletion.event_id]
    again = a_user(email=user.email)
    await store.users.add(again, an_event(AuditKind.REGISTERED, again))


async def test_password_and_login_of_an_unknown_user_are_refused(store: Store) -> None:
    user = a_user()
    assert await store.users.change_password(user, "1$x", an_event(AuditKind.PASSWORD_CHANGED, user)) is None
    assert not await store.users.record_login(user, an_event(AuditKind.LOGGED_IN, user))
