"""The query plans of lists: a page of any status is a range scan of an index that ends with the page."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from order_svc.adapters import order_sql
from service_kit.postgres import PostgresPool

from tests.examples.orders import ALICE, NOON
from tests.running.order_database import LIMITS, order_pool, owned_database
from tests.running.servers import RunningPostgres

_ROWS = 50_000
#: All orders are in processing, except three at the far end of the list; none is cancelled.
_FILL = """
INSERT INTO orders (order_id, user_id, currency, lines, total_minor, status, version, created_at, updated_at)
SELECT md5(number::text)::uuid, %(user_id)s, 'EUR', '[]', 0, CASE WHEN number <= 3 THEN 'done' ELSE 'processing' END, 1,
       %(noon)s::timestamptz - (%(rows)s - number) * interval '1 second', %(noon)s
FROM generate_series(1, %(rows)s) AS number"""


@pytest.fixture(scope="module")
async def pool(postgres_server: RunningPostgres) -> AsyncIterator[PostgresPool]:
    async with order_pool(owned_database(postgres_server), LIMITS) as pool:
        async with pool.connection() as connection:
            await connection.execute("SET statement_timeout = 0")
            await connection.execute("ALTER TABLE orders DISABLE TRIGGER USER")
            await connection.execute(_FILL, {"user_id": ALICE, "noon": NOON, "rows": _ROWS})
            await connection.execute("VACUUM ANALYZE orders")
        yield pool


@pytest.mark.parametrize("plan_cache_mode", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize("behind", [None, NOON], ids=["first", "behind"])
@pytest.mark.parametrize(("status", "found"), [(None, 21), ("processing", 21), ("done", 3), ("cancelled", 0)])
async def test_page_reads_no_more_rows_than_it_returns(
    pool: PostgresPool, status: str | None, found: int, behind: datetime | None, plan_cache_mode: str
) -> None:
    statement = order_sql.PAGE if status is None else order_sql.PAGE_OF_A_STATUS
    parameters = {"user_id": ALICE, "status": status, "created_at": behind, "order_id": ALICE, "limit": 20}
    async with pool.connection() as connection:
        await connection.execute(f"SET plan_cache_mode = {plan_cache_mode}".encode())
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}".encode()
        row: Any = await (await connection.execute(explain, parameters)).fetchone()
        await connection.execute("RESET plan_cache_mode")
    plan = row[0][0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= 60
    assert _rows_read(plan) == found


def _rows_read(plan: dict[str, Any]) -> int:
    """Returns how many rows were read from the table, including those that a filter removed."""
    own = 0
    if "Relation Name" in plan:
        assert plan["Node Type"] == "Index Scan"
        own = int(plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))
    return own + sum(_rows_read(part) for part in plan.get("Plans", ()))
