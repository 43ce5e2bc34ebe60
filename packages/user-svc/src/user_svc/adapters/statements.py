"""SQL statements, one by one or in a transaction, with the driver's errors in the domain's words."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from service_kit.postgres import PostgresPool, statements

from user_svc.adapters.driver_errors import postgres_errors

T = TypeVar("T")

Cursor = AsyncCursor[TupleRow]


async def in_transaction(pool: PostgresPool, work: Callable[[Cursor], Awaitable[T]]) -> T:
    """What ``work`` returns, called with a cursor in a transaction.

    work: may be called twice, so it changes nothing outside the transaction.
    DependencyUnavailableError: PostgreSQL cannot do its part now.
    """
    with postgres_errors():
        return await statements.in_transaction(pool, work)


async def fetch_one(pool: PostgresPool, query: Any, arguments: tuple[Any, ...]) -> TupleRow | None:
    """The first row of a single statement, which needs no transaction around it (two round trips less).

    DependencyUnavailableError: no connection, or it broke.
    """
    with postgres_errors():
        return await statements.fetch_one(pool, query, arguments)


async def fetch_all(pool: PostgresPool, query: Any, arguments: Mapping[str, Any]) -> list[TupleRow]:
    """All rows of a single statement, which is planned for these arguments each time: it is not prepared.

    DependencyUnavailableError: no connection, or it broke.
    """
    with postgres_errors():
        return await statements.fetch_all(pool, query, arguments, prepare=False)
