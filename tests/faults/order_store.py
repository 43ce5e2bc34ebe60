"""The database of order-svc, past the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.rows import TupleRow

from tests.running.stacks import Stack


def database_url(stack: Stack) -> str:
    return (stack.data_dir / "secrets" / "order-svc-database-url").read_text()


@asynccontextmanager
async def connected(stack: Stack) -> AsyncIterator[psycopg.AsyncConnection[TupleRow]]:
    """A connection in a transaction, which is committed in the end."""
    async with await psycopg.AsyncConnection.connect(database_url(stack)) as connection:
        yield connection


async def orders_of(stack: Stack, user_id: str) -> list[str]:
    """The ids of all orders of a user that are committed."""
    async with connected(stack) as connection:
        query = "SELECT order_id::text FROM orders WHERE user_id = %s"
        rows = await (await connection.execute(query, (user_id,))).fetchall()
    return [order_id for (order_id,) in rows]


async def a_statement_waits(stack: Stack) -> bool | None:
    """Whether one waits for a lock that somebody holds; None for no, so that it can be waited for."""
    query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with connected(stack) as connection:
        return await (await connection.execute(query)).fetchone() is not None or None
