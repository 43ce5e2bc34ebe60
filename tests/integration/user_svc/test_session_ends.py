"""The record of ended sessions: kept for as long as a key of theirs could live."""

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
    ends, outdated, recent = PostgresSessionEnds(pool, kept_s=60), new_session_id(), new_session_id()
    await ends.add([outdated, recent])
    async with pool.connection() as connection:
        age = "UPDATE ended_sessions SET ended_at = ended_at - interval '61 s' WHERE session_id = %s"
        await connection.execute(age, (outdated,))
        await ends.forget()
        left = await (await connection.execute("SELECT session_id FROM ended_sessions")).fetchall()
    assert left == [(recent,)]
