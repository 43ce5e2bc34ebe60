"""The connection pool to PostgreSQL, and what its driver's errors mean."""

import select
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from user_svc.domain.errors import DependencyUnavailableError

Pool: TypeAlias = AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]

#: How long a statement may run, and how long a call waits for a free connection: well within any method's deadline.
_STATEMENT_TIMEOUT_MS = 2000
_CONNECTION_WAIT_S = 1.0
_CONNECT_TIMEOUT_S = 2
#: When a broken connection is given up, so that the next call tries afresh: the pool's own pauses double without
#: bound, and after a long outage it would sleep for minutes beside a healthy server.
_RECONNECT_TIMEOUT_S = 3.0


@asynccontextmanager
async def postgres_pool(url: str, max_size: int) -> AsyncIterator[Pool]:
    """An open pool. It does not wait for the server: readiness tells whether that is there."""
    pool: Pool = AsyncConnectionPool(
        url,
        min_size=min(2, max_size),
        max_size=max_size,
        timeout=_CONNECTION_WAIT_S,
        reconnect_timeout=_RECONNECT_TIMEOUT_S,
        check=_check_connection,
        kwargs={
            "autocommit": True,
            # Prepare a statement the first time: there are only a handful.
            "prepare_threshold": 0,
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "application_name": "user-svc",
            "options": f"-c statement_timeout={_STATEMENT_TIMEOUT_MS} -c TimeZone=UTC",
        },
        open=False,
    )
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


async def _check_connection(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    """Raise OperationalError if an idle connection is dead, as those are that a restarted server has cut.

    Nothing is to be read from an idle connection unless the server has closed it, so a look at the socket, a
    microsecond, spares the round trip that asking would take.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(connection)


@contextmanager
def translated() -> Iterator[None]:
    """Turns the driver's word for "not there, or not in time" into the domain's."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
        raise DependencyUnavailableError("postgres") from exc


@asynccontextmanager
async def cursor(pool: Pool) -> AsyncIterator[psycopg.AsyncCursor[TupleRow]]:
    """A cursor in a transaction of its own. DependencyUnavailableError: no connection, or it broke."""
    with translated():
        async with pool.connection() as connection, connection.transaction(), connection.cursor() as open_cursor:
            yield open_cursor


async def fetch_one(pool: Pool, query: Any, arguments: tuple[Any, ...]) -> TupleRow | None:
    """The first row of a single statement, which needs no transaction around it (two round trips less)."""
    with translated():
        async with pool.connection() as connection:
            return await (await connection.execute(query, arguments)).fetchone()


async def check_postgres(pool: Pool) -> None:
    """Raises unless the server answers."""
    await fetch_one(pool, "SELECT 1", ())
