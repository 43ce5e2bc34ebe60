"""Runs SQL statements, each in its own transaction, and translates the driver's errors."""

from typing import LiteralString

from psycopg.rows import TupleRow
from service_kit.postgres import PostgresPool, statements
from service_kit.postgres.statements import Parameters

from order_svc.adapters.driver_errors import postgres_errors


async def fetch_all(pool: PostgresPool, query: LiteralString, parameters: Parameters) -> list[TupleRow]:
    """Returns the rows of a query.

    Raises:
        DependencyUnavailableError: PostgreSQL is unavailable.
    """
    with postgres_errors():
        return await statements.fetch_all(pool, query, parameters)


async def execute(pool: PostgresPool, query: LiteralString, parameters: Parameters, *, idempotent: bool = False) -> int:
    """Runs a statement and returns how many rows it wrote last.

    Args:
        pool: connections in autocommit.
        query: one statement.
        parameters: of the statement.
        idempotent: a repetition changes nothing, so that the statement is also repeated after a lost connection.

    Raises:
        DependencyUnavailableError: PostgreSQL is unavailable.
    """
    with postgres_errors():
        return await statements.execute(pool, query, parameters, idempotent=idempotent)
