"""The pool of connections to PostgreSQL. Needs the extra `service-kit[postgres]`."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

PostgresPool: TypeAlias = AsyncConnectionPool[AsyncConnection[TupleRow]]

#: How long the pool goes on connecting by itself. After that every call that needs a connection makes it try again
#: at once, so that a server that comes back is used at once, not at the end of a grown back-off.
_RECONNECT_S = 2.0


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
async def open_pool(database_url: str, limits: PoolLimits, *, application_name: str) -> AsyncIterator[PostgresPool]:
    """A pool that opens at once, even while the server is away; calls then raise PoolTimeout until it is back."""
    pool: PostgresPool = AsyncConnectionPool(
        database_url,
        min_size=limits.min_size,
        max_size=limits.max_size,
        timeout=limits.wait_s,
        reconnect_timeout=_RECONNECT_S,
        check=_check_connection,
        open=False,
        name=application_name,
        kwargs={
            # A statement is a transaction of its own, unless somebody says otherwise: no BEGIN and COMMIT around it.
            "autocommit": True,
            # Prepare a statement the first time: there are only a handful.
            "prepare_threshold": 0,
            "application_name": application_name,
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


async def _check_connection(connection: AsyncConnection[TupleRow]) -> None:
    """Raise OperationalError if an idle connection is dead.

    Nothing is to be read from an idle connection unless the server has closed it or says why it will, so that a
    look at the socket, a microsecond, spares the round trip that asking would take (as httpcore does).
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(connection)


async def ping(pool: PostgresPool) -> None:
    """Return once PostgreSQL answers a query; raise the driver's error if it does not."""
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")
