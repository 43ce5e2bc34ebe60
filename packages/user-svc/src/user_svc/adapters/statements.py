"""SQL statements, one by one or in a transaction, with the driver's errors in the domain's words."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from service_kit.postgres import PostgresPool

from user_svc.adapters.driver_errors import postgres_errors


@asynccontextmanager
async def cursor(pool: PostgresPool) -> AsyncIterator[AsyncCursor[TupleRow]]:
    """A cursor in a transaction of its own. DependencyUnavailableError: no connection, or it broke."""
    with postgres_errors():
        async with pool.connection() as connection, connection.transaction(), connection.cursor() as open_cursor:
            yield open_cursor


async def fetch_one(pool: PostgresPool, query: Any, arguments: tuple[Any, ...]) -> TupleRow | None:
    """The first row of a single statement, which needs no transaction around it (two round trips less).

    DependencyUnavailableError: no connection, or it broke.
    """
    with postgres_errors():
        async with pool.connection() as connection:
            return await (await connection.execute(query, arguments)).fetchone()


async def fetch_all(pool: PostgresPool, query: Any, arguments: Mapping[str, Any]) -> list[TupleRow]:
    """All rows of a single statement, which is planned for these arguments each time: it is not prepared.

    DependencyUnavailableError: no connection, or it broke.
    """
    with postgres_errors():
        async with pool.connection() as connection:
            return await (await connection.execute(query, arguments, prepare=False)).fetchall()
