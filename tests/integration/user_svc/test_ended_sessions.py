"""The record of ended sessions: kept for the lifetime of session keys, listed for the lifetime of tokens."""

from collections.abc import AsyncIterator

import pytest
from service_kit.postgres import PostgresPool
from user_svc.adapters.ended_sessions import PostgresEndedSessions
from user_svc.domain.session import new_session_id

from tests.running.servers import RunningPostgres
from tests.running.user_database import migrated_database, user_pool


@pytest.fixture
async def pool(postgres_server: RunningPostgres) -> AsyncIterator[PostgresPool]:
    async with user_pool(migrated_database(postgres_server)) as pool:
        yield pool


async def ended_before(pool: PostgresPool, session_id: str, seconds: int) -> None:
    """Records that a session ended so long ago."""
    query = "INSERT INTO ended_sessions VALUES (%s, now() - %s * interval '1 s')"
    async with pool.connection() as connection:
        await connection.execute(query, (session_id, seconds))


async def test_expired_entries_are_deleted_and_others_kept(pool: PostgresPool) -> None:
    ends = PostgresEndedSessions(pool, retention_s=60, tokens_live_s=60)
    outdated, recent = new_session_id(), new_session_id()
    await ended_before(pool, outdated, 61)
    await ends.add([recent])
    await ends.delete_expired()
    async with pool.connection() as connection:
        left = await (await connection.execute("SELECT session_id FROM ended_sessions")).fetchall()
    assert left == [(recent,)]


async def test_page_has_sessions_ended_since_whose_tokens_may_be_accepted(pool: PostgresPool) -> None:
    ends = PostgresEndedSessions(pool, retention_s=600, tokens_live_s=60)
    outdated, recent, last = (new_session_id() for _ in range(3))
    await ended_before(pool, outdated, 61)
    await ended_before(pool, recent, 30)
    await ends.add([recent])  # recorded already, so it stays unchanged
    first = await ends.page(None)
    assert [each.session_id for each in first.ended] == [recent]
    assert 30 <= first.ended[0].age_s < 60
    assert not first.more
    await ends.add([last])
    second = await ends.page(first.until)
    assert [each.session_id for each in second.ended] == [last]
    again = await ends.page(second.until)
    assert [each.session_id for each in again.ended] == [last], "what commits late must not be passed over"


async def test_pages_have_no_gap(pool: PostgresPool) -> None:
    ends = PostgresEndedSessions(pool, retention_s=600, tokens_live_s=60)
    recorded = [new_session_id() for _ in range(9000)]
    for at in range(0, len(recorded), 500):
        await ends.add(recorded[at : at + 500])
    since, listed, more = None, list[str](), True
    while more:
        page = await ends.page(since)
        listed += [each.session_id for each in page.ended]
        since, more = page.until, page.more
    assert set(listed) == set(recorded)
