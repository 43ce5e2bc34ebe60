"""Orders of deleted users: refused even when they are concurrent with the deletion; and the cost of that."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeAlias

import psycopg
import pytest
from order_svc.adapters.deleted_users import PostgresDeletedUsers
from order_svc.adapters.ids import new_id
from order_svc.adapters.order_repository import PostgresOrderRepository
from order_svc.domain import events
from order_svc.domain.actor import Actor
from order_svc.domain.errors import OwnerDeletedError
from order_svc.domain.idempotency import Claim, fingerprint
from order_svc.domain.order import OrderStatus
from order_svc.domain.order_listing import OrderFilters
from order_svc.domain.user_deletion import UserDeletion
from order_svc.use_cases.forget_user import ForgetUser
from service_kit.postgres import PostgresPool

from tests.examples.orders import LINES, NOON, ROOT, Clock, an_order
from tests.running.polling import in_time

OpenTransaction: TypeAlias = "psycopg.AsyncConnection[tuple[object, ...]]"


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[OpenTransaction]:
    """A concurrent transaction, which stays open until the test ends it."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        yield connection


async def waiting(pool: PostgresPool) -> None:
    """Returns once a statement waits for the lock of another one."""
    query = "SELECT true FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    async def waits() -> bool | None:
        async with pool.connection() as connection:
            return await (await connection.execute(query)).fetchone() is not None or None

    await in_time(waits, within_s=5)


@pytest.mark.parametrize("key", [None, "key"])
async def test_order_concurrent_with_the_deletion_waits_and_is_refused(
    orders: PostgresOrderRepository,
    pool: PostgresPool,
    other: OpenTransaction,
    key: str | None,
) -> None:
    user_id = new_id()
    order, actor = an_order(user_id=user_id), Actor(user_id, False, "request-1")
    await other.execute("CALL bury_user(%s, %s)", (user_id, NOON))
    event, claim = events.created(order, actor), Claim(key or "", fingerprint("EUR", LINES))
    adding = asyncio.create_task(orders.add_once(order, event, claim) if key else orders.add(order, event))
    await waiting(pool)
    await other.commit()
    with pytest.raises(OwnerDeletedError):
        await adding
    assert (await orders.page(OrderFilters(user_id), None, 1)).orders == ()
    assert await orders.delete_of_user(user_id, 1) == 0


async def test_deletion_that_is_rolled_back_refuses_nothing(
    orders: PostgresOrderRepository, pool: PostgresPool, other: OpenTransaction
) -> None:
    user_id = new_id()
    order = an_order(user_id=user_id)
    await other.execute("CALL bury_user(%s, %s)", (user_id, NOON))
    adding = asyncio.create_task(orders.add(order, events.created(order, Actor(user_id, False, "request-1"))))
    await waiting(pool)
    await other.rollback()
    await adding
    assert await orders.get(order.order_id) == order


async def test_deletion_waits_for_orders_that_are_being_added(
    orders: PostgresOrderRepository, pool: PostgresPool, other: OpenTransaction
) -> None:
    user_id, order_id = new_id(), new_id()
    await other.execute(
        "INSERT INTO orders VALUES (%s, %s, 'EUR', '[]', 0, 'processing', 1, %s, %s)", (order_id, user_id, NOON, NOON)
    )
    deleting = asyncio.create_task(PostgresDeletedUsers(pool).add(user_id, NOON))
    await waiting(pool)
    assert (await orders.page(OrderFilters(user_id), None, 1)).orders == ()
    await other.commit()
    await deleting
    assert [order.order_id for order in (await orders.page(OrderFilters(user_id), None, 2)).orders] == [order_id]


async def test_orders_of_one_user_do_not_wait_for_each_other(
    orders: PostgresOrderRepository, other: OpenTransaction
) -> None:
    user_id = new_id()
    await other.execute(
        "INSERT INTO orders VALUES (%s, %s, 'EUR', '[]', 0, 'processing', 1, %s, %s)",
        (new_id(), user_id, NOON, NOON),
    )
    order = an_order(user_id=user_id)
    await orders.add(order, events.created(order, Actor(user_id, False, "request-1")))


async def test_many_orders_are_cancelled_in_batches(
    orders: PostgresOrderRepository, pool: PostgresPool, other: OpenTransaction
) -> None:
    user_id, count = new_id(), 2_000
    await other.execute(
        "INSERT INTO orders SELECT gen_random_uuid(), %s, 'EUR', '[]', 0, 'processing', 1, %s, %s"
        " FROM generate_series(1, %s)",
        (user_id, NOON, NOON, count),
    )
    await other.commit()
    forget = ForgetUser(orders, orders, PostgresDeletedUsers(pool), Clock())
    parts = [part async for part in forget(UserDeletion(user_id, ROOT, "request-9", NOON))]
    assert parts == [200] * 10
    assert (await orders.page(OrderFilters(user_id, OrderStatus.PROCESSING), None, 1)).orders == ()
    query = """
        SELECT count(*), count(DISTINCT order_id) FROM order_events
        WHERE actor_id = %s AND details->>'cause' = 'user_deleted'"""
    async with pool.connection() as connection:
        assert await (await connection.execute(query, (ROOT,))).fetchone() == (count, count)
