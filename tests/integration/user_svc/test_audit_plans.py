"""How PostgreSQL reads a page of a long audit log: by an index scan that ends with the page."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from service_kit.postgres import PostgresPool
from user_svc.adapters.audit_log import STATEMENTS, PostgresAuditLog, parameters_of
from user_svc.domain.audit import AuditKind
from user_svc.domain.audit_listing import AuditFilters, AuditPosition

from tests.running.servers import RunningPostgres, as_owner
from tests.running.user_database import ONE_CONNECTION, owned_database, user_pool

_ROWS = 30_000
#: A year of 201 users, mostly renewals; the first user has a tenth of the events, all in the first half of the year.
_FILL = """
INSERT INTO audit_log (at, event, actor, subject, ip, request_id, detail)
SELECT timestamptz '2026-01-01T00:00:00Z' + number * interval '1 year' / %(rows)s,
       CASE WHEN number %% 20 > 0 THEN 'session_renewed' WHEN number %% 1000 > 0 THEN 'logged_in'
            ELSE 'password_changed' END,
       user_id, user_id, '192.0.2.7', 'request-' || number, '{"session_id": "0123456789012345678901"}'
FROM generate_series(1, %(rows)s) AS number,
     LATERAL (SELECT number %% 5 = 0 AND number < %(rows)s / 2) AS busy (is_busy),
     LATERAL (SELECT md5(CASE WHEN is_busy THEN '0' ELSE (number %% 199 + 1)::text END)::uuid) AS users (user_id)"""
_MONTH = """
SELECT add_audit_log_month(%(month)s)
WHERE NOT EXISTS (SELECT FROM audit_log_partitions() WHERE since <= %(month)s AND %(month)s < until)"""
#: A typical user has fewer events than this. PostgreSQL may sort that few.
_FEW = 200
_BUSY_LONG_AGO, _USUAL = "cfcd2084-95d5-65ef-66e7-dff9f98764da", "c4ca4238-a0b9-2382-0dcc-509a6f75849b"
_MAY, _OCTOBER = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
async def pool(postgres_server: RunningPostgres) -> AsyncIterator[PostgresPool]:
    async with user_pool(owned_database(postgres_server), ONE_CONNECTION) as pool:
        async with pool.connection() as connection:
            await connection.execute("SET statement_timeout = 0")
            for month in range(1, 13):
                await connection.execute(_MONTH, {"month": datetime(2026, month, 1, tzinfo=UTC)})
            await connection.execute(_FILL, {"rows": _ROWS})
        as_owner(pool, "VACUUM ANALYZE audit_log")
        yield pool


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes of a plan that read a table."""
    if "Relation Name" in plan:
        yield plan
    for part in plan.get("Plans", ()):
        yield from scans(part)


def rows_read(scan: dict[str, Any]) -> float:
    """Returns the number of rows that a scan read, including those that a filter removed."""
    return float(scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0))


_FILTERS = [
    AuditFilters(user_id, kind, since)
    for user_id in (None, _BUSY_LONG_AGO, _USUAL)
    for kind in (None, AuditKind.SESSION_RENEWED, AuditKind.PASSWORD_CHANGED, AuditKind.USER_DELETED)
    for since in (None, _MAY)
]


@pytest.mark.parametrize("filters", _FILTERS, ids=str)
@pytest.mark.parametrize("behind", [None, AuditPosition(_OCTOBER, 2**62)], ids=["first", "behind"])
@pytest.mark.parametrize("limit", [2, 101])
async def test_page_is_an_index_scan(
    pool: PostgresPool, filters: AuditFilters, behind: AuditPosition | None, limit: int
) -> None:
    statement = STATEMENTS[filters.user_id is not None, filters.kind is not None]
    async with pool.connection() as connection:
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}".encode()
        row = await (await connection.execute(explain, parameters_of(filters, behind, limit), prepare=False)).fetchone()
    assert row is not None
    walks = [walk for walk in scans(row[0][0]["Plan"]) if walk["Actual Loops"]]
    months = {walk["Relation Name"] for walk in walks}
    sides = 1 if filters.user_id is None else 2
    # PostgreSQL may scan an almost empty month without an index.
    assert all(walk["Node Type"] == "Index Scan" or rows_read(walk) <= 1 for walk in walks)
    # Each month is scanned once per side, and adds the row with which it would be next in the merge.
    assert len(walks) <= sides * len(months)
    assert sum(map(rows_read, walks)) <= sides * (max(limit, _FEW) + len(months))
    bounded = months - {"audit_log_default"}
    assert not [month for month in bounded if filters.since == _MAY and month < "audit_log_2026_05"]
    assert not [month for month in bounded if behind is not None and month > "audit_log_2026_10"]


async def test_page_is_planned_for_its_limit(pool: PostgresPool) -> None:
    log = PostgresAuditLog(pool)
    for _ in range(10):
        assert len(await log.page(AuditFilters(_USUAL, AuditKind.SESSION_RENEWED), None, 5)) == 5
    async with pool.connection() as connection:
        query = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s"
        assert await (await connection.execute(query, ("%detail FROM audit_log%",))).fetchone() == (0,)
