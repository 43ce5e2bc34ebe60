"""PostgreSQL unavailable, restarted, locked or slow: DependencyUnavailableError in time, then recovery."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest
from order_svc.adapters.order_repository import PostgresOrderRepository
from order_svc.domain import events
from order_svc.domain.errors import DependencyUnavailableError
from order_svc.domain.order import Order
from service_kit.postgres import PostgresPool

from tests.examples.orders import NOON, alice, an_order, unknown_id
from tests.running.full_disk import full_disk
from tests.running.order_database import LIMITS, audit_trail, order_pool

IMPATIENT = replace(LIMITS, max_size=2, wait_s=0.3, statement_timeout_ms=300)


@pytest.fixture
async def impatient(database_url: str) -> AsyncIterator[PostgresOrderRepository]:
    async with order_pool(database_url, IMPATIENT) as pool:
        yield PostgresOrderRepository(pool)


@pytest.fixture
async def order(orders: PostgresOrderRepository) -> Order:
    order = an_order()
    await orders.add(order, events.created(order, alice()))
    return order


async def test_unreachable_server_is_unavailable_within_the_wait() -> None:
    async with order_pool("postgresql://orders:hunter2@127.0.0.1:1/orders", IMPATIENT) as pool:
        started = time.monotonic()
        with pytest.raises(DependencyUnavailableError) as caught:
            await PostgresOrderRepository(pool).get(unknown_id())
        assert time.monotonic() - started < 1
    assert "hunter2" not in str(caught.value)
    assert caught.value.retry_after_s > 0


async def test_connections_that_the_server_closed_are_replaced_without_an_error(
    orders: PostgresOrderRepository, pool: PostgresPool, database_url: str, order: Order
) -> None:
    await asyncio.gather(*(orders.get(order.order_id) for _ in range(8)))
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert set(await asyncio.gather(*(orders.get(order.order_id) for _ in range(8)))) == {order}


async def test_write_to_a_locked_row_times_out_and_changes_nothing(
    impatient: PostgresOrderRepository, database_url: str, order: Order
) -> None:
    done = order.complete(NOON)
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("SELECT FROM orders WHERE order_id = %s FOR UPDATE", (order.order_id,))
        with pytest.raises(DependencyUnavailableError) as caught:
            await impatient.save(done, events.status_changed(order, done, alice()))
        assert isinstance(caught.value.__cause__, psycopg.errors.QueryCanceled)
    assert await impatient.get(order.order_id) == order
    assert await impatient.save(done, events.status_changed(order, done, alice()))


async def test_wait_for_a_connection_is_bounded_when_all_are_busy(
    impatient: PostgresOrderRepository, database_url: str, order: Order
) -> None:
    done = order.complete(NOON)
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        saving = (impatient.save(done, events.status_changed(order, done, alice())) for _ in range(6))
        outcomes = await asyncio.gather(*saving, return_exceptions=True)
        assert time.monotonic() - started < 2
    assert all(isinstance(outcome, DependencyUnavailableError) for outcome in outcomes)
    assert await impatient.get(order.order_id) == order


@pytest.mark.parametrize("table", ["orders", "order_events"])
async def test_full_disk_is_an_outage_that_writes_nothing(
    orders: PostgresOrderRepository, pool: PostgresPool, order: Order, table: str
) -> None:
    refused = an_order()
    with full_disk(pool, table):
        with pytest.raises(DependencyUnavailableError) as caught:
            await orders.add(refused, events.created(refused, alice()))
        assert caught.value.retry_after_s > 0
        assert isinstance(caught.value.__cause__, psycopg.errors.DiskFull)
        assert await orders.get(order.order_id) == order
    assert await orders.get(refused.order_id) is None
    assert await audit_trail(pool, refused.order_id) == []
    await orders.add(refused, events.created(refused, alice()))
