"""A real database of order-svc for tests, with its migrations and its pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from order_svc.domain.events import EventKind, OrderEvent
from service_kit.postgres import PoolLimits, PostgresPool, open_pool
from service_kit.postgres.migrations import migrate

from tests.running.servers import RunningPostgres

LIMITS = PoolLimits(min_size=0, max_size=8, wait_s=5.0, connect_timeout_s=5, statement_timeout_ms=5000)


def migrated_database(server: RunningPostgres) -> str:
    """Returns the URL of a new database with the service's schema, for the service's role."""
    owner_url = server.create_database("orders")
    service_url = server.create_service_role(owner_url)
    assert migrate(owner_url, "order_svc", service_url) == 0
    return service_url


def owned_database(server: RunningPostgres) -> str:
    """Returns the same for the role that owns the tables, for tests that change the schema."""
    url = server.create_database("orders")
    assert migrate(url, "order_svc") == 0
    return url


@asynccontextmanager
async def order_pool(url: str, limits: PoolLimits = LIMITS) -> AsyncIterator[PostgresPool]:
    """Yields the service's pool on that database."""
    async with open_pool(url, limits, application_name="tests") as pool:
        yield pool


async def audit_trail(pool: PostgresPool, order_id: str) -> list[OrderEvent]:
    """Returns the audit entries of an order, oldest first."""
    query = """
        SELECT order_id::text, kind, actor_id::text, request_id, at, details
        FROM order_events WHERE order_id = %s ORDER BY event_id"""
    async with pool.connection() as connection:
        rows = await (await connection.execute(query, (order_id,))).fetchall()
    return [
        OrderEvent(id_, EventKind(kind), actor, request, at, details) for id_, kind, actor, request, at, details in rows
    ]
