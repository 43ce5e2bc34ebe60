"""Direct access to the database of order-svc."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.rows import TupleRow

from tests.running.stacks import Stack


def database_url(stack: Stack) -> str:
    return (stack.data_dir / "secrets" / "order-svc-database-url").read_text()


@asynccontextmanager
async def connected(stack: Stack) -> AsyncIterator[psycopg.AsyncConnection[TupleRow]]:
    """Yields a connection in a transaction, and commits it at the end."""
    async with await psycopg.AsyncConnection.connect(database_url(stack)) as connection:
        yield connection


async def orders_of(stack: Stack, user_id: str) -> list[str]:
    """Returns the ids of all committed orders of a user."""
    async with connected(stack) as connection:
        query = "SELECT order_id::text FROM orders WHERE user_id = %s"
        rows = await (await connection.execute(query, (user_id,))).fetchall()
    return [order_id for (order_id,) in rows]


async def a_statement_waits(stack: Stack) -> bool | None:
    """Returns True if a statement waits for a lock, else None: for use with `in_time`."""
    query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with connected(stack) as connection:
        return await (await connection.execute(query)).fetchone() is not None or None
