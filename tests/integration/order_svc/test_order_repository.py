"""Properties of the PostgreSQL repository beyond the contract suite that the fake passes as well."""

import asyncio
import time

import psycopg
import pytest
from order_svc.adapters import order_sql
from order_svc.adapters.order_repository import PostgresOrderRepository
from order_svc.adapters.order_rows import parameters_of
from order_svc.domain import events
from order_svc.domain.errors import IdempotencyKeyInUseError, TransitionNotAllowedError
from order_svc.domain.idempotency import Claim, FirstAnswer, fingerprint
from order_svc.domain.order import UnknownStatus
from order_svc.domain.order_listing import OrderFilters
from order_svc.rpc.translation import order_message
from service_kit.postgres import PostgresPool
from shared_contracts.order.v1 import OrderStatus as OrderStatusMessage

from tests.examples.orders import ALICE, LINES, NOON, alice, an_order, unknown_id
from tests.running.servers import as_owner

FINGERPRINT = fingerprint("EUR", LINES)


async def count(pool: PostgresPool, order_id: str) -> tuple[int, int, int]:
    """Returns the numbers of orders, audit entries and keys of one order."""
    query = """
        SELECT (SELECT count(*) FROM orders WHERE order_id = %(id)s),
               (SELECT count(*) FROM order_events WHERE order_id = %(id)s),
               (SELECT count(*) FROM idempotency_keys WHERE first_answer->>'order_id' = %(id)s::text)"""
    async with pool.connection() as connection:
        row = await (await connection.execute(query, {"id": order_id})).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


async def test_order_audit_entry_and_key_are_stored_atomically(
    orders: PostgresOrderRepository, pool: PostgresPool
) -> None:
    order = an_order()
    kept, unkept = events.created(order, alice()), events.created(order, alice("refused"))
    as_owner(pool, "ALTER TABLE order_events ADD CONSTRAINT broken CHECK (request_id <> 'refused')")
    with pytest.raises(psycopg.errors.CheckViolation):
        await orders.add(order, unkept)
    with pytest.raises(psycopg.errors.CheckViolation):
        await orders.add_once(order, unkept, Claim("together", FINGERPRINT))
    assert await count(pool, order.order_id) == (0, 0, 0)

    assert await orders.add_once(order, kept, Claim("together", FINGERPRINT)) is None
    done = order.complete(NOON)
    with pytest.raises(psycopg.errors.CheckViolation):
        await orders.save(done, events.status_changed(order, done, alice("refused")))
    with pytest.raises(psycopg.errors.CheckViolation):
        await orders.remove(order, events.deleted(order, alice("refused"), NOON))
    assert await orders.get(order.order_id) == order
    assert await count(pool, order.order_id) == (1, 1, 1)
    as_owner(pool, "ALTER TABLE order_events DROP CONSTRAINT broken")


@pytest.mark.parametrize("commits", [True, False])
async def test_key_whose_first_request_is_in_progress_is_refused_at_once(
    orders: PostgresOrderRepository, database_url: str, commits: bool
) -> None:
    first, second = an_order(), an_order()
    claim = Claim(f"open-{commits}", FINGERPRINT)
    parameters = {
        **parameters_of(first, events.created(first, alice())),
        "key": claim.key,
        "fingerprint": claim.fingerprint,
    }
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute(order_sql.ADD_ONCE, parameters)
        started = time.monotonic()
        with pytest.raises(IdempotencyKeyInUseError):
            await orders.add_once(second, events.created(second, alice()), claim)
        assert time.monotonic() - started < 1
        # A crash before the commit is a rollback.
        await (other.commit() if commits else other.rollback())
    outcome = await orders.add_once(second, events.created(second, alice()), claim)
    assert outcome == (FirstAnswer(FINGERPRINT, first) if commits else None)
    assert await orders.get(first.order_id) == (first if commits else None)


async def test_cancelled_calls_leave_the_pool_intact(orders: PostgresOrderRepository, pool: PostgresPool) -> None:
    order = an_order()
    await orders.add(order, events.created(order, alice()))
    for number in range(200):
        call = asyncio.create_task(orders.get(order.order_id))
        await asyncio.sleep(0 if number % 2 else number / 100_000)
        call.cancel()
        await asyncio.wait([call])
    assert set(await asyncio.gather(*(orders.get(order.order_id) for _ in range(50)))) == {order}
    assert pool.get_stats().get("requests_waiting", 0) == 0


async def test_list_reads_only_the_page_from_the_index(orders: PostgresOrderRepository, pool: PostgresPool) -> None:
    for _ in range(300):
        order = an_order()
        await orders.add(order, events.created(order, alice()))
    parameters = {"user_id": ALICE, "status": None, "created_at": NOON, "order_id": order.order_id, "limit": 10}
    async with pool.connection() as connection:
        await connection.execute("ANALYZE orders")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        cursor = await connection.execute("EXPLAIN (FORMAT TEXT) " + order_sql.PAGE, parameters)
        plan = "\n".join(row[0] for row in await cursor.fetchall())
        await connection.execute("RESET plan_cache_mode")
    assert "Index Scan using orders_of_a_user" in plan
    assert "Sort" not in plan
    assert len((await orders.page(OrderFilters(ALICE), None, 10)).orders) == 10


async def test_status_of_a_newer_version_is_read_as_it_is_stored(
    orders: PostgresOrderRepository, pool: PostgresPool
) -> None:
    """After a roll-back, rows that the newer version wrote must not break whole pages."""
    order, other = an_order(user_id=unknown_id()), an_order()
    for each in (order, other):
        await orders.add(each, events.created(each, alice()))
    written = f"UPDATE orders SET status = 'shipped' WHERE order_id = '{order.order_id}'"  # noqa: S608
    as_owner(pool, "ALTER TABLE orders DROP CONSTRAINT orders_status_check", written)

    shipped = await orders.get(order.order_id)
    assert shipped is not None
    assert (shipped.status, shipped.status.value) == (UnknownStatus("shipped"), "shipped")
    assert [each.status for each in (await orders.page(OrderFilters(order.user_id), None, 10)).orders] == ["shipped"]
    with pytest.raises(TransitionNotAllowedError, match="is shipped cannot become done"):
        shipped.complete(NOON)
    message = order_message(shipped)
    assert (message.status, message.raw_status) == (OrderStatusMessage.UNSPECIFIED, "shipped")
    assert order_message(other).raw_status == ""
    assert await orders.remove(shipped, events.deleted(shipped, alice(), NOON))
