"""SQL statements, each a transaction of its own, with the driver's errors in the domain's words."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from service_kit.postgres import PostgresPool

from order_svc.adapters.driver_errors import postgres_errors

Parameters = Mapping[str, Any] | Sequence[Any]


async def fetch(pool: PostgresPool, query: LiteralString, parameters: Parameters) -> list[TupleRow]:
    """The rows of a query. DependencyUnavailableError."""
    with postgres_errors():
        async with pool.connection() as connection:
            cursor = await connection.execute(query, parameters)
            return await cursor.fetchall()


async def write(pool: PostgresPool, query: LiteralString, parameters: Parameters) -> int:
    """How many rows the statement wrote last. DependencyUnavailableError."""
    with postgres_errors():
        async with pool.connection() as connection:
            cursor: AsyncCursor[TupleRow] = await connection.execute(query, parameters)
            return cursor.rowcount
