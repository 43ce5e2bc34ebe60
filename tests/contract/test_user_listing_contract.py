"""The contract of UserRepository.page, for the fake in memory and PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_kit.postgres import PostgresPool
from user_svc.domain.user import Role, User
from user_svc.domain.user_listing import UserFilters, UserPosition

from tests.contract.user_repositories import Store, in_memory, in_postgres
from tests.running.servers import RunningPostgres
from tests.running.user_database import migrated_database, user_pool

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


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


async def listed(
    store: Store, filters: UserFilters, behind: UserPosition | None = None, limit: int = 100
) -> Sequence[User]:
    return list(await store.users.page(filters, behind, limit))


async def test_list_is_ordered_by_time_and_id_newest_first(store: Store) -> None:
    assert await listed(store, UserFilters()) == []
    older = [await store.added(created_at=NOON) for _ in range(3)]
    newer = await store.added(created_at=NOON + MICROSECOND)
    older.sort(key=lambda user: user.user_id, reverse=True)
    assert await listed(store, UserFilters()) == [newer, *older]
    assert await listed(store, UserFilters(), UserPosition.behind(older[0])) == older[1:]
    assert await listed(store, UserFilters(), limit=2) == [newer, older[0]]


async def test_list_is_filtered_by_role_email_and_period(store: Store) -> None:
    first, second, third = [
        await store.added(created_at=NOON + number * MICROSECOND, role=role)
        for number, role in enumerate((Role.ADMIN, Role.USER, Role.ADMIN))
    ]
    assert await listed(store, UserFilters(role=Role.ADMIN)) == [third, first]
    assert await listed(store, UserFilters(email=second.email.upper())) == [second]
    assert await listed(store, UserFilters(email=second.email, role=Role.ADMIN)) == []
    assert await listed(store, UserFilters(email="nobody@example.com")) == []
    assert await listed(store, UserFilters(since=second.created_at)) == [third, second]
    assert await listed(store, UserFilters(until=third.created_at)) == [second, first]
    assert await listed(store, UserFilters(email=second.email, since=third.created_at)) == []


async def test_times_at_the_ends_of_the_calendar_are_accepted(store: Store) -> None:
    user = await store.added()
    first, last = NOON.replace(year=1, month=1, day=1), NOON.replace(year=9999, month=12, day=31)
    highest = UserPosition(last, "ffffffff-ffff-ffff-ffff-ffffffffffff")
    assert await listed(store, UserFilters(since=first, until=last), highest) == [user]
    assert await listed(store, UserFilters(), UserPosition(first, "00000000-0000-0000-0000-000000000000")) == []


_MOMENTS = st.none() | st.integers(0, 4).map(lambda at_us: NOON + at_us * MICROSECOND)
_PERIODS = st.tuples(_MOMENTS, _MOMENTS).filter(lambda ends: ends[0] is None or ends[1] is None or ends[0] < ends[1])


@given(
    accounts=st.lists(st.tuples(st.integers(0, 4), st.sampled_from(Role)), max_size=10),
    role=st.none() | st.sampled_from(Role),
    period=_PERIODS,
    limit=st.integers(1, 4),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_fake_and_real_repository_return_the_same_pages(
    pool: PostgresPool,
    accounts: list[tuple[int, Role]],
    role: Role | None,
    period: tuple[datetime | None, datetime | None],
    limit: int,
) -> None:
    real, fake = in_postgres(pool), in_memory()
    await real.empty()
    for at_us, of_role in accounts:
        user = await real.added(created_at=NOON + at_us * MICROSECOND, role=of_role)
        await fake.users.add(user, (await real.events_of(user))[0])
    filters = UserFilters(role=role, since=period[0], until=period[1])
    expected = await listed(fake, filters)
    behind: UserPosition | None = None
    seen: list[User] = []
    while page := await listed(real, filters, behind, limit):
        seen += page
        behind = UserPosition.behind(page[-1])
    assert seen == expected
