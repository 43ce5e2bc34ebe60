"""SQL statements, each a transaction of its own, with the driver's errors in the domain's words."""

from typing import LiteralString

from psycopg.rows import TupleRow
from service_kit.postgres import PostgresPool, statements
from service_kit.postgres.statements import Parameters

from order_svc.adapters.driver_errors import postgres_errors


async def fetch(pool: PostgresPool, query: LiteralString, parameters: Parameters) -> list[TupleRow]:
    """The rows of a query. DependencyUnavailableError."""
    with postgres_errors():
        return await statements.fetch_all(pool, query, parameters)


async def write(pool: PostgresPool, query: LiteralString, parameters: Parameters, *, idempotent: bool = False) -> int:
    """How many rows the statement wrote last. DependencyUnavailableError.

    idempotent: it does nothing where it has been done before, so that it is repeated after a lost connection too.
    """
    with postgres_errors():
        return await statements.execute(pool, query, parameters, idempotent=idempotent)
