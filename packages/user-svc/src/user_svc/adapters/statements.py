"""SQL statements, single or in a transaction, with the driver's errors translated."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from service_kit.postgres import PostgresPool, statements

from user_svc.adapters.driver_errors import postgres_errors

T = TypeVar("T")

Cursor = AsyncCursor[TupleRow]


async def in_transaction(pool: PostgresPool, work: Callable[[Cursor], Awaitable[T]]) -> T:
    """Calls ``work`` with a cursor in a transaction, and returns its result.

    Args:
        pool: the connections.
        work: may be called twice, so it must not change anything outside the transaction.

    Raises:
        DependencyUnavailableError: PostgreSQL is unavailable.
    """
    with postgres_errors():
        return await statements.in_transaction(pool, work)


async def fetch_one(pool: PostgresPool, query: Any, arguments: tuple[Any, ...]) -> TupleRow | None:
    """Returns the first row of a single statement, in autocommit: a transaction would take two more round trips.

    Raises:
        DependencyUnavailableError: PostgreSQL is unavailable.
    """
    with postgres_errors():
        return await statements.fetch_one(pool, query, arguments)


async def fetch_all(pool: PostgresPool, query: Any, arguments: Mapping[str, Any]) -> list[TupleRow]:
    """Returns all rows of a single statement. It is not prepared, so that it is planned for these arguments.

    Raises:
        DependencyUnavailableError: PostgreSQL is unavailable.
    """
    with postgres_errors():
        return await statements.fetch_all(pool, query, arguments, prepare=False)
