"""The pool of connections to PostgreSQL."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from service_kit.postgres.connection import BoundedConnection
from service_kit.postgres.session import session_options
from service_kit.request.deadline import time_left, within_deadline
from service_kit.stores.pool_telemetry import PoolCounts, shown_pool
from service_kit.stores.uninterrupted import uninterrupted

#: How long the pool goes on connecting by itself. After that every call that needs a connection makes it try again
#: at once, so that a server that comes back is used at once, not at the end of a grown back-off.
_RECONNECT_S = 2.0
#: A probe is told within this (seconds) that there is no connection to be had: it waits for a second itself.
_PROBE_WAIT_S = 0.8
#: Since 15, a role that may connect to a database may not create tables there. Older ones are no longer maintained.
OLDEST_POSTGRES = 15


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

    def for_probes(self) -> "PoolLimits":
        """Those of a pool for readiness alone: requests that hold every connection of theirs do not hide the server."""
        return replace(self, min_size=0, max_size=1, wait_s=min(self.wait_s, _PROBE_WAIT_S))


class PostgresPool(AsyncConnectionPool[BoundedConnection]):
    """Hands out connections that are alive, and know how long the current request has."""

    #: When all connections were replaced last (time.monotonic()).
    _drained_s = float("-inf")

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[BoundedConnection]:  # noqa: ASYNC109 - the pool's signature
        """A connection for as long as the context lasts. Its statements end when the request's time is up.

        PoolTimeout: none is free within the pool's wait. TimeoutError: the request's deadline has passed, be it while
        it waited; nothing was begun.
        """
        connection = await self._live_connection(self.timeout if timeout is None else timeout)
        try:
            await connection.bound_statements(time_left())
            yield connection
        finally:
            if connection.pgconn.transaction_status != TransactionStatus.IDLE:
                # Whatever it was in the middle of: a rollback would be one more wait, and nobody is there to wait.
                await connection.close()
            connection.unused_from_now()
            await uninterrupted(self.putconn(connection))

    async def _live_connection(self, wait_s: float) -> BoundedConnection:
        """A connection that can be used, within ``wait_s`` and the request's deadline.

        The pool's own `check` waits for a second before it tries another connection. Here the next one is tried at
        once: dead ones are replaced in the background, and the first new one goes to the call that has waited longest.
        """
        until_s = time.monotonic() + within_deadline(wait_s)
        while True:
            try:
                connection = await self.getconn(max(until_s - time.monotonic(), 0))
            except PoolTimeout:
                time_left()
                raise
            try:
                await connection.check()
            except BaseException as exc:
                await self._discard(connection)
                if not isinstance(exc, psycopg.Error):
                    raise
            else:
                return connection

    async def _discard(self, connection: BoundedConnection) -> None:
        """Replace a dead connection.

        One that did not say that it is dead makes all suspicious that were opened before: each would cost a request the
        time to find out. So all of them are replaced, once.
        """
        is_silent = connection.died_silently
        await uninterrupted(self.putconn(connection))
        if is_silent and connection.opened_at_s > self._drained_s:
            self._drained_s = time.monotonic()
            await uninterrupted(self.drain())

    def counts(self) -> PoolCounts:
        """The connections at this moment; those being made count as used."""
        stats = self.get_stats()
        idle = stats["pool_available"]
        return PoolCounts(idle, stats["pool_size"] - idle, stats["requests_waiting"])


@asynccontextmanager
async def open_pool(database_url: str, limits: PoolLimits, *, application_name: str) -> AsyncIterator[PostgresPool]:
    """A pool that opens at once, even while the server is away; calls then raise PoolTimeout until it is back."""

    async def configure(connection: BoundedConnection) -> None:
        connection.configure(limits.statement_timeout_ms)

    pool = PostgresPool(
        database_url,
        connection_class=BoundedConnection,
        configure=configure,
        min_size=limits.min_size,
        max_size=limits.max_size,
        timeout=limits.wait_s,
        reconnect_timeout=_RECONNECT_S,
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
            "client_encoding": "UTF8",
            "options": session_options(limits.statement_timeout_ms),
        },
    )
    async with pool:
        with shown_pool(application_name, pool.counts):
            yield pool


class UnsupportedPostgresError(Exception):
    """The server is older than the platform works with."""


async def ping(pool: PostgresPool) -> None:
    """Return once PostgreSQL answers a query; raise the driver's error if it does not.

    UnsupportedPostgresError, with a sentence for the operator: it is too old.
    """
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")
        require_supported(connection.info.server_version)


def require_supported(server_version: int) -> None:
    """Raise UnsupportedPostgresError if ``server_version`` (160004 is 16.4) is too old."""
    if server_version < OLDEST_POSTGRES * 10_000:
        raise UnsupportedPostgresError(
            f"PostgreSQL {server_version // 10_000} is older than {OLDEST_POSTGRES}, "
            "the oldest that this service works with"
        )
