"""The contract of the port AuditLog, for the fake in memory and PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_kit.postgres import PostgresPool
from user_svc.adapters.audit_log import PostgresAuditLog
from user_svc.adapters.audit_trail import INSERT, event_row
from user_svc.domain.audit import AuditEvent, AuditKind, UnknownKind
from user_svc.domain.audit_listing import AuditEntry, AuditFilters, AuditPosition
from user_svc.domain.ports import AuditLog

from tests.examples.audit_events import ADA, BOB, NOON, happened
from tests.fakes.audit_log import InMemoryAuditLog
from tests.running.servers import RunningPostgres, as_owner
from tests.running.user_database import empty_audit_log, migrated_database, user_pool

LATER = timedelta(microseconds=1)


@dataclass(frozen=True)
class Store:
    """A log under test, and the way to write it."""

    log: AuditLog
    write: Callable[..., Awaitable[None]]

    async def list(
        self, filters: AuditFilters | None = None, behind: AuditPosition | None = None, limit: int = 100
    ) -> list[AuditEvent]:
        return events(await self.log.page(filters or AuditFilters(), behind, limit))


def events(entries: Sequence[AuditEntry]) -> list[AuditEvent]:
    return [entry.event for entry in entries]


@pytest.fixture(scope="module")
async def database(postgres_server: RunningPostgres) -> AsyncIterator[PostgresPool]:
    async with user_pool(migrated_database(postgres_server)) as pool:
        yield pool


async def _real(pool: PostgresPool) -> Store:
    """The real log, emptied as the owner of the tables."""

    async def write(*written: AuditEvent) -> None:
        async with pool.connection() as connection, connection.cursor() as cursor:
            await cursor.executemany(INSERT, [event_row(event) for event in written])

    await empty_audit_log(pool)
    # A newer version of the service may have written kinds that this one does not know.
    as_owner(pool, "ALTER TABLE audit_log DROP CONSTRAINT IF EXISTS audit_log_event_check")
    return Store(PostgresAuditLog(pool), write)


def _fake() -> Store:
    log = InMemoryAuditLog()
    return Store(log, log.write)


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest, database: PostgresPool) -> Store:
    return _fake() if request.param == "memory" else await _real(database)


async def test_empty_log_has_an_empty_page(store: Store) -> None:
    assert await store.list() == []


async def test_kind_of_a_newer_version_is_returned_as_it_is_stored(store: Store) -> None:
    written = [happened(0), replace(happened(1), kind=UnknownKind("email_changed"))]
    await store.write(*written)
    assert await store.list() == written[::-1]
    assert await store.list(AuditFilters(kind=AuditKind.USER_DELETED)) == []


async def test_page_returns_events_as_written_newest_first(store: Store) -> None:
    written = [
        happened(0, AuditKind.LOGIN_FAILED, None, None),
        happened(1, AuditKind.ROLE_CHANGED, None, BOB, **{"from": "user", "to": "admin", "note": "ünïcode"}),
        happened(2, AuditKind.USER_DELETED, ADA, BOB),
    ]
    await store.write(*written)
    assert await store.list() == written[::-1]


async def test_event_written_late_is_listed_by_its_time(store: Store) -> None:
    second, first = happened(2), happened(1)
    await store.write(second, first)
    assert await store.list() == [second, first]


async def test_last_written_of_simultaneous_events_comes_first(store: Store) -> None:
    written = [happened(0, number=str(number)) for number in range(3)]
    await store.write(*written)
    assert await store.list() == written[::-1]


async def test_user_filter_matches_actor_or_subject(store: Store) -> None:
    own, done, suffered = happened(1), happened(2, actor=ADA, subject=BOB), happened(3, actor=BOB, subject=ADA)
    await store.write(own, done, suffered, happened(4, actor=BOB, subject=BOB), happened(5, actor=None, subject=None))
    assert await store.list(AuditFilters(user_id=ADA)) == [suffered, done, own]


@pytest.mark.parametrize("user_id", [None, ADA], ids=["all users", "one user"])
async def test_period_includes_since_and_excludes_until(store: Store, user_id: str | None) -> None:
    written = [happened(at_us, number=str(number)) for number, at_us in enumerate((0, 1, 1, 2, 2, 3))]
    await store.write(*written)
    filters = AuditFilters(user_id=user_id, since=NOON + LATER, until=NOON + 3 * LATER)
    assert await store.list(filters) == written[4:0:-1]


async def test_page_continues_behind_a_position(store: Store) -> None:
    written = [happened(at_us, number=str(number)) for number, at_us in enumerate((0, 1, 1, 1, 2))]
    await store.write(*written)
    entries = await store.log.page(AuditFilters(), None, 3)
    assert events(entries) == written[:1:-1]
    assert await store.list(behind=AuditPosition.behind(entries[-1])) == written[1::-1]


async def test_entries_have_numbers_in_the_order_of_writing(store: Store) -> None:
    await store.write(happened(2), happened(1))
    newest, oldest = await store.log.page(AuditFilters(), None, 2)
    assert newest.number < oldest.number


async def test_times_at_the_ends_of_the_calendar_are_accepted(store: Store) -> None:
    written = happened(0)
    await store.write(written)
    first, last = NOON.replace(year=1, month=1, day=1), NOON.replace(year=9999, month=12, day=31)
    assert await store.list(AuditFilters(since=first, until=last), AuditPosition(last, 2**63 - 1)) == [written]
    assert await store.list(behind=AuditPosition(first, -(2**63))) == []


_USERS = st.sampled_from([None, ADA, BOB])
_KINDS = st.sampled_from([AuditKind.LOGGED_IN, AuditKind.LOGIN_FAILED])
_EVENTS = st.lists(st.builds(happened, st.integers(0, 5), _KINDS, _USERS, _USERS), max_size=12)
_MOMENTS = st.none() | st.integers(0, 6).map(lambda at_us: NOON + at_us * LATER)
_PERIODS = st.one_of(
    st.tuples(_MOMENTS, st.none()),
    st.tuples(st.none(), _MOMENTS),
    st.lists(st.integers(0, 6), min_size=2, max_size=2, unique=True).map(
        lambda ends: (NOON + min(ends) * LATER, NOON + max(ends) * LATER)
    ),
)
_FILTERS = st.builds(
    lambda user_id, kind, period: AuditFilters(user_id, kind, *period), _USERS, st.none() | _KINDS, _PERIODS
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(_EVENTS, _FILTERS, st.integers(1, 4))
async def test_fake_and_real_log_return_the_same_pages(
    database: PostgresPool, written: list[AuditEvent], filters: AuditFilters, size: int
) -> None:
    fake, real = _fake(), await _real(database)
    for store in (fake, real):
        await store.write(*written)
    behind: AuditPosition | None = None
    while True:
        entries = await real.log.page(filters, behind, size)
        assert entries == await fake.log.page(filters, behind, size)
        if not entries:
            break
        behind = AuditPosition.behind(entries[-1])
