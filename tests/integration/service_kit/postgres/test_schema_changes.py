"""Changes of the schema under a running service, as docs/runbooks/change-the-schema.md lists them."""

from collections.abc import AsyncIterator, Sequence

import psycopg
import pytest
from psycopg import AsyncCursor
from service_kit.postgres import PoolLimits, PostgresPool, open_pool
from service_kit.postgres.statements import execute, fetch_all, in_transaction

from tests.running.servers import RunningPostgres

LIMITS = PoolLimits(min_size=3, max_size=3, wait_s=5.0, connect_timeout_s=5, statement_timeout_ms=5000)

_SCHEMA = """
CREATE TYPE mood AS ENUM ('calm', 'busy');
CREATE TABLE things (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code char(3) NOT NULL, number int NOT NULL,
    state mood NOT NULL DEFAULT 'calm', note text, unused int);
INSERT INTO things (code, number) VALUES ('EUR', 1), ('USD', 2);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER keeps BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION keep();
"""
SELECT = "SELECT id, code, number, state, note FROM things WHERE id = %s"
UPDATE = "UPDATE things SET number = number + 1 WHERE id = %s RETURNING id, code, number, state, note"
INSERT = "INSERT INTO things (code, number) VALUES ('CHF', %s)"

CHANGES: dict[str, Sequence[str]] = {
    "a text column gets another type": ["ALTER TABLE things ALTER code TYPE varchar(3)"],
    "a text column gets longer": ["ALTER TABLE things ALTER code TYPE text"],
    "a number gets wider": ["ALTER TABLE things ALTER number TYPE bigint"],
    "an enumeration becomes text": [
        "ALTER TABLE things ALTER state DROP DEFAULT, ALTER state TYPE text, ALTER state SET DEFAULT 'calm'"
    ],
    "an enumeration gets a value": ["ALTER TYPE mood ADD VALUE 'eager'"],
    "a column is added": ["ALTER TABLE things ADD COLUMN more text"],
    "a column with a default is added": ["ALTER TABLE things ADD COLUMN more text NOT NULL DEFAULT now()::text"],
    "an unused column is renamed": ["ALTER TABLE things RENAME unused TO still_unused"],
    "an unused column is dropped": ["ALTER TABLE things DROP COLUMN unused"],
    "an index is built": ["CREATE INDEX CONCURRENTLY things_by_code ON things (code)"],
    "the index is replaced": [
        "CREATE UNIQUE INDEX CONCURRENTLY things_new ON things (id)",
        "ALTER TABLE things DROP CONSTRAINT things_pkey, ADD CONSTRAINT things_pkey PRIMARY KEY USING INDEX things_new",
    ],
    "a constraint is added": [
        "ALTER TABLE things ADD CONSTRAINT positive CHECK (number > 0) NOT VALID",
        "ALTER TABLE things VALIDATE CONSTRAINT positive",
    ],
    "a column may no longer be null": ["ALTER TABLE things ALTER unused DROP NOT NULL, ALTER id SET NOT NULL"],
    "a trigger's function is replaced": [
        "CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.note = 'x'; RETURN NEW; END $$"
    ],
    "a trigger is dropped": ["DROP TRIGGER keeps ON things", "DROP FUNCTION keep()"],
    "the table is rewritten": ["VACUUM FULL things", "ANALYZE things", "REINDEX TABLE things"],
    "the table is replaced by a copy": [
        "BEGIN; CREATE TABLE copied (LIKE things INCLUDING ALL); INSERT INTO copied OVERRIDING SYSTEM VALUE "
        "SELECT * FROM things; SELECT setval(pg_get_serial_sequence('copied', 'id'), 1000); "
        "DROP TABLE things; ALTER TABLE copied RENAME TO things; COMMIT"
    ],
    "the table is replaced by a view": [
        "BEGIN; ALTER TABLE things RENAME TO kept; CREATE VIEW things AS SELECT * FROM kept; COMMIT"
    ],
}


@pytest.fixture
def url(postgres_server: RunningPostgres) -> str:
    url = postgres_server.create_database("changing")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_SCHEMA)
    return url


@pytest.fixture
async def pool(url: str) -> AsyncIterator[PostgresPool]:
    async with open_pool(url, LIMITS, application_name="changing") as pool:
        await pool.wait()
        yield pool


async def use(pool: PostgresPool, key: int) -> None:
    """Each kind of statement that the services have, once."""

    async def work(cursor: AsyncCursor[tuple[object, ...]]) -> None:
        await cursor.execute(SELECT, (key,))
        assert (await cursor.fetchone() or ())[0] == key
        await cursor.execute(UPDATE, (key,))
        assert (await cursor.fetchone() or ())[0] == key

    assert [row[0] for row in await fetch_all(pool, SELECT, (key,))] == [key]
    assert [row[0] for row in await fetch_all(pool, UPDATE, (key,))] == [key]
    assert await execute(pool, INSERT, (key,)) == 1
    await in_transaction(pool, work)


@pytest.mark.parametrize("change", list(CHANGES))
async def test_schema_change_fails_no_request(pool: PostgresPool, url: str, change: str) -> None:
    for _ in range(2 * LIMITS.max_size):  # so that every connection has a plan for each
        await use(pool, 1)
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in CHANGES[change]:
            connection.execute(statement)

    for _ in range(2 * LIMITS.max_size):
        await use(pool, 2)


async def test_pooler_that_resets_sessions_fails_no_request(pool: PostgresPool) -> None:
    for _ in range(2 * LIMITS.max_size):
        await use(pool, 1)
    for _ in range(LIMITS.max_size):
        async with pool.connection() as connection:
            # As a pooler would: behind the driver's back.
            connection.pgconn.exec_(b"DEALLOCATE ALL")

    for _ in range(2 * LIMITS.max_size):
        await use(pool, 2)


async def test_missing_column_is_an_error(pool: PostgresPool, url: str) -> None:
    await use(pool, 1)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE things DROP COLUMN note")

    with pytest.raises(psycopg.errors.UndefinedColumn):
        await use(pool, 1)
