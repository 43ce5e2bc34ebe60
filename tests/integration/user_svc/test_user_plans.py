"""How PostgreSQL reads a page of many accounts: by an index scan that ends with the page."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from service_kit.postgres import PostgresPool
from user_svc.adapters.user_sql import page_parameters, page_statement
from user_svc.domain.user import Role
from user_svc.domain.user_listing import UserFilters, UserPosition

from tests.integration.user_svc.test_audit_plans import scans
from tests.running.servers import RunningPostgres, as_owner
from tests.running.user_database import ONE_CONNECTION, migrated_database, user_pool

_ROWS = 30_000
#: A year of registrations; the administrators are among the first.
_FILL = """
INSERT INTO users (user_id, email, name, role, password_hash, password_version, created_at)
SELECT md5(number::text)::uuid, 'user-' || number || '@example.com', 'Ada',
       CASE WHEN number < 4 THEN 'admin' ELSE 'user' END, repeat('h', 90), 1,
       timestamptz '2026-01-01T00:00:00Z' + number * interval '1 year' / %(rows)s
FROM generate_series(1, %(rows)s) AS number"""
_OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
async def pool(postgres_server: RunningPostgres) -> AsyncIterator[PostgresPool]:
    async with user_pool(migrated_database(postgres_server), ONE_CONNECTION) as pool:
        async with pool.connection() as connection:
            await connection.execute("SET statement_timeout = 0")
            await connection.execute(_FILL, {"rows": _ROWS})
        as_owner(pool, "VACUUM ANALYZE users")
        yield pool


_FILTERS = [
    UserFilters(role, email, since)
    for role in (None, Role.USER, Role.ADMIN)
    for email in (None, "User-17@example.com", "nobody@example.com")
    for since in (None, _OCTOBER)
]


@pytest.mark.parametrize("filters", _FILTERS, ids=str)
@pytest.mark.parametrize(
    "behind", [None, UserPosition(_OCTOBER, "f" * 8 + "-0000-0000-0000-" + "0" * 12)], ids=["first", "behind"]
)
@pytest.mark.parametrize("limit", [2, 101])
async def test_page_is_an_index_scan(
    pool: PostgresPool, filters: UserFilters, behind: UserPosition | None, limit: int
) -> None:
    async with pool.connection() as connection:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {page_statement(filters)}".encode()
        row = await (
            await connection.execute(explain, page_parameters(filters, behind, limit), prepare=False)
        ).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    (walk,) = scans(plan)
    assert walk["Node Type"] == "Index Scan"
    assert walk["Actual Rows"] + walk.get("Rows Removed by Filter", 0) <= limit
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= limit + 10


async def test_another_administrator_is_found_by_index(pool: PostgresPool) -> None:
    async with pool.connection() as connection:
        explain = (
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT FROM users WHERE role = 'admin' AND user_id <> %s LIMIT 1"
        )
        row = await (await connection.execute(explain, ("f" * 8 + "-0000-0000-0000-" + "0" * 12,))).fetchone()
    assert row is not None
    assert row[0][0]["Plan"]["Shared Hit Blocks"] + row[0][0]["Plan"]["Shared Read Blocks"] <= 10
