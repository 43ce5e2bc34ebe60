"""The pool of connections to PostgreSQL."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from user_svc.adapters.driver_errors import postgres_errors

PostgresPool: TypeAlias = AsyncConnectionPool[AsyncConnection[TupleRow]]

#: How long the pool goes on connecting by itself. After that every call that needs a connection makes it try again
#: at once, so that a server that comes back is used at once, not at the end of a grown back-off.
_RECONNECT_S = 3.0


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """min_size, max_size: connections. wait_s: how long a call waits for a free one.
    connect_timeout_s: for one attempt (libpq knows no less than 2). statement_timeout_ms: enforced by the server.
    """

    min_size: int
    max_size: int
    wait_s: float
    connect_timeout_s: int
    statement_timeout_ms: int


@asynccontextmanager
async def open_pool(database_url: str, limits: PoolLimits) -> AsyncIterator[PostgresPool]:
    """A pool that opens at once, even while the server is away; calls then raise PoolTimeout until it is back."""
    pool: PostgresPool = AsyncConnectionPool(
        database_url,
        min_size=limits.min_size,
        max_size=limits.max_size,
        timeout=limits.wait_s,
        reconnect_timeout=_RECONNECT_S,
        check=_check_connection,
        open=False,
        name="users",
        kwargs={
            # Whoever needs more than one statement in a transaction says so: see `cursor`.
            "autocommit": True,
            # Prepare a statement the first time: there are only a handful.
            "prepare_threshold": 0,
            "application_name": "user-svc",
            "connect_timeout": limits.connect_timeout_s,
            # A peer that vanished is noticed even where a call has no deadline.
            "keepalives_idle": 30,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "options": f"-c statement_timeout={limits.statement_timeout_ms} -c TimeZone=UTC",
        },
    )
    async with pool:
        yield pool


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


async def ping(pool: PostgresPool) -> None:
    """Return once PostgreSQL answers a query. DependencyUnavailableError: it does not."""
    await fetch_one(pool, "SELECT 1", ())


async def _check_connection(connection: AsyncConnection[TupleRow]) -> None:
    """Raise OperationalError if an idle connection is dead.

    Nothing is to be read from an idle connection unless the server has closed it or says why it will, so that a
    look at the socket, a microsecond, spares the round trip that asking would take (as httpcore does).
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(connection)
