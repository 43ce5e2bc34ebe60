"""The record of ended sessions: kept for as long as a key of theirs could live, and listed for as long as a token."""

from collections.abc import AsyncIterator

import pytest
from service_kit.postgres import PostgresPool
from user_svc.adapters.session_ends import PostgresSessionEnds
from user_svc.domain.session import new_session_id

from tests.running.servers import RunningPostgres
from tests.running.user_database import migrated_database, user_pool


@pytest.fixture
async def pool(postgres_server: RunningPostgres) -> AsyncIterator[PostgresPool]:
    async with user_pool(migrated_database(postgres_server)) as pool:
        yield pool


async def test_outdated_ends_are_forgotten_and_others_stay(pool: PostgresPool) -> None:
    ends = PostgresSessionEnds(pool, kept_s=60, tokens_live_s=60)
    outdated, recent = new_session_id(), new_session_id()
    await ends.add([outdated, recent])
    async with pool.connection() as connection:
        age = "UPDATE ended_sessions SET ended_at = ended_at - interval '61 s' WHERE session_id = %s"
        await connection.execute(age, (outdated,))
        await ends.forget()
        left = await (await connection.execute("SELECT session_id FROM ended_sessions")).fetchall()
    assert left == [(recent,)]


async def test_lists_what_was_ended_since_and_whose_tokens_may_live(pool: PostgresPool) -> None:
    ends = PostgresSessionEnds(pool, kept_s=600, tokens_live_s=60)
    outdated, recent, last = (new_session_id() for _ in range(3))
    await ends.add([outdated, recent])
    await ends.add([recent])
    async with pool.connection() as connection:
        for session_id, age in ((outdated, 61), (recent, 30)):
            query = "UPDATE ended_sessions SET ended_at = ended_at - %s * interval '1 s' WHERE session_id = %s"
            await connection.execute(query, (age, session_id))
    first = await ends.page(None)
    assert [each.session_id for each in first.ended] == [recent]
    assert 30 <= first.ended[0].age_s < 60
    assert not first.more
    await ends.add([last])
    second = await ends.page(first.until)
    assert [each.session_id for each in second.ended] == [last]
    again = await ends.page(second.until)
    assert [each.session_id for each in again.ended] == [last], "what commits late must not be passed over"


async def test_lists_many_in_pages_without_a_gap(pool: PostgresPool) -> None:
    ends = PostgresSessionEnds(pool, kept_s=600, tokens_live_s=60)
    recorded = [new_session_id() for _ in range(9000)]
    for at in range(0, len(recorded), 500):
        await ends.add(recorded[at : at + 500])
    since, listed, more = None, list[str](), True
    while more:
        page = await ends.page(since)
        listed += [each.session_id for each in page.ended]
        since, more = page.until, page.more
    assert set(listed) == set(recorded)
