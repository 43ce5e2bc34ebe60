"""Statements and transactions, repeated once where that is safe.

Work is repeated when the server has rolled it back (StoreFailure.REPEATABLE: a plan that a change of the schema has
made stale, a serialization failure, a deadlock), and when the connection was lost before a commit was possible: within
a transaction whose COMMIT was not sent, and in a statement that only reads. Work that may have been committed is
repeated only if it is idempotent.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from service_kit.postgres.connection import BoundedConnection
from service_kit.postgres.failures import postgres_failure
from service_kit.postgres.pool import PostgresPool
from service_kit.postgres.timed_cursor import operation_of
from service_kit.request.deadline import time_left
from service_kit.stores.failures import StoreFailure

T = TypeVar("T")

Parameters = Mapping[str, Any] | Sequence[Any]


async def fetch_all(
    pool: PostgresPool, query: Any, parameters: Parameters = (), *, prepare: bool | None = None
) -> list[TupleRow]:
    """Returns the rows of a single statement, which is a transaction of its own.

    prepare: False to plan the statement for its parameters each time.
    """

    async def work(connection: BoundedConnection) -> list[TupleRow]:
        return await (await connection.execute(query, parameters, prepare=prepare)).fetchall()

    return await _repeatable(pool, work, lambda _: operation_of(query) == "SELECT")


async def fetch_one(pool: PostgresPool, query: Any, parameters: Parameters = ()) -> TupleRow | None:
    """Returns the first row of a single statement, which is a transaction of its own; None if there is no row."""
    rows = await fetch_all(pool, query, parameters)
    return rows[0] if rows else None


async def execute(pool: PostgresPool, query: Any, parameters: Parameters = (), *, idempotent: bool = False) -> int:
    """Returns how many rows a single statement wrote; it is a transaction of its own.

    idempotent: a second execution does nothing, so the statement is repeated after a lost connection too.
    """

    async def work(connection: BoundedConnection) -> int:
        return (await connection.execute(query, parameters)).rowcount

    return await _repeatable(pool, work, lambda _: idempotent)


async def in_transaction(pool: PostgresPool, work: Callable[[AsyncCursor[TupleRow]], Awaitable[T]]) -> T:
    """Returns what ``work`` returns, called with a cursor in a transaction that commits afterwards.

    work: may be called twice, so it must change nothing outside the transaction.
    """

    async def transact(connection: BoundedConnection) -> T:
        async with connection.transaction(), connection.cursor() as cursor:
            return await work(cursor)

    return await _repeatable(pool, transact, lambda connection: not connection.may_have_committed)


async def _repeatable(
    pool: PostgresPool,
    work: Callable[[BoundedConnection], Awaitable[T]],
    repeats_when_lost: Callable[[BoundedConnection], bool],
) -> T:
    async with pool.connection() as connection:
        try:
            return await work(connection)
        except psycopg.Error as exc:
            lost = connection.closed
            if lost and not repeats_when_lost(connection):
                raise
            if not lost and postgres_failure(exc) is not StoreFailure.REPEATABLE:
                raise
            if not lost:
                time_left()
                await connection.forget_plans()
                return await work(connection)
    time_left()
    async with pool.connection() as connection:
        return await work(connection)
