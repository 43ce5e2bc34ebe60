"""The stores of the order service that the contract suites run against: in memory and in PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from order_svc.adapters.deleted_users import PostgresDeletedUsers
from order_svc.adapters.order_repository import PostgresOrderRepository
from order_svc.domain.events import OrderEvent
from order_svc.domain.ports import DeletedUsers, IdempotencyKeys, OrderRepository

from tests.fakes.orders import InMemoryDeletedUsers, InMemoryOrderRepository
from tests.running.order_database import audit_trail, order_pool


@dataclass(frozen=True)
class Store:
    """The stores, and access to the audit trail of an order."""

    orders: OrderRepository
    keys: IdempotencyKeys
    deleted_users: DeletedUsers
    trail: Callable[[str], Awaitable[list[OrderEvent]]]


def in_memory() -> Store:
    fake = InMemoryOrderRepository()

    async def trail(order_id: str) -> list[OrderEvent]:
        return [event for event in fake.events if event.order_id == order_id]

    return Store(fake, fake, InMemoryDeletedUsers(fake), trail)


@asynccontextmanager
async def in_postgres(database_url: str) -> AsyncIterator[Store]:
    """The stores in PostgreSQL, emptied except for the audit trail."""
    async with order_pool(database_url) as pool:
        async with pool.connection() as connection:
            for table in ("orders", "idempotency_keys", "deleted_users"):
                await connection.execute(b"DELETE FROM " + table.encode())
        real = PostgresOrderRepository(pool)
        yield Store(real, real, PostgresDeletedUsers(pool), lambda order_id: audit_trail(pool, order_id))
