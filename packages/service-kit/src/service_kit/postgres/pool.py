"""The pool of connections to PostgreSQL."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from service_kit.postgres.connection import BoundedConnection
from service_kit.request.deadline import time_left, within_deadline
from service_kit.stores.pool_telemetry import PoolCounts, exported_pool
from service_kit.stores.uninterrupted import uninterrupted

#: How long the pool reconnects by itself (seconds). After that each call that needs a connection triggers an attempt: a
#: server that is up again is used at once, not at the end of a grown back-off.
_RECONNECT_S = 2.0
#: A probe waits this long (seconds) for a connection: less than the second that it has itself.
_PROBE_WAIT_S = 0.8
#: Since 15, a role that may connect to a database cannot create tables there by default. Older ones are unmaintained.
OLDEST_POSTGRES = 15
#: Set here, not left to the defaults of server, database or role: statements rely on READ COMMITTED, and the
#: driver on the formats of dates and bytes. (Environment variables: see service_kit.runtime.inherited_environment.)
_SESSION_PARAMETERS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "default_transaction_isolation": r"read\ committed",
    "default_transaction_deferrable": "off",
    # Every list query scans an index that was made for it. Across several partitions, the planner would prefer another
    # index and an incremental sort of what it estimates as few rows, which may be all of them.
    "enable_incremental_sort": "off",
}


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """The bounds of a pool.

    min_size, max_size: connections. wait_s: the longest wait for a free one. connect_timeout_s: for one attempt; libpq
    takes at least 2. statement_timeout_ms: enforced by the server.
    """

    min_size: int
    max_size: int
    wait_s: float
    connect_timeout_s: int
    statement_timeout_ms: int

    def for_probes(self) -> "PoolLimits":
        """Returns the bounds of a pool for readiness probes: a pool that requests have exhausted must not fail them."""
        return replace(self, min_size=0, max_size=1, wait_s=min(self.wait_s, _PROBE_WAIT_S))


class PostgresPool(AsyncConnectionPool[BoundedConnection]):
    """Hands out connections that are alive, and whose statements end at the current request's deadline."""

    #: When all connections were last replaced (time.monotonic()).
    _drained_s = float("-inf")

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[BoundedConnection]:  # noqa: ASYNC109 - the pool's signature
        """Lends a connection inside the `async with`.

        Raises:
            PoolTimeout: None is free within the pool's wait.
            TimeoutError: The request's deadline has passed; nothing was begun.
        """
        connection = await self._live_connection(self.timeout if timeout is None else timeout)
        try:
            await connection.bound_statements(time_left())
            yield connection
        finally:
            if connection.pgconn.transaction_status != TransactionStatus.IDLE:
                # Closed, not rolled back: that would be another wait, after the request has ended.
                await connection.close()
            connection.mark_idle()
            await uninterrupted(self.putconn(connection))

    async def _live_connection(self, wait_s: float) -> BoundedConnection:
        """Returns a live connection, within ``wait_s`` and the request's deadline.

        The pool's own `check` waits for a second before it tries another connection. This tries the next one at once:
        dead ones are replaced in the background, and the first new one goes to the call that has waited longest.
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
        """Replaces a dead connection.

        If it died silently, all connections that were opened before it are suspect, and each would cost a request the
        time to find out. So all of them are replaced, once.
        """
        is_silent = connection.died_silently
        await uninterrupted(self.putconn(connection))
        if is_silent and connection.opened_at_s > self._drained_s:
            self._drained_s = time.monotonic()
            await uninterrupted(self.drain())

    def counts(self) -> PoolCounts:
        """Returns the current counts; connections being opened count as used."""
        stats = self.get_stats()
        idle = stats["pool_available"]
        return PoolCounts(idle, stats["pool_size"] - idle, stats["requests_waiting"])


@asynccontextmanager
async def open_pool(database_url: str, limits: PoolLimits, *, application_name: str) -> AsyncIterator[PostgresPool]:
    """Opens a pool, even while the server is unreachable: calls raise PoolTimeout until it is reachable."""

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
        kwargs=_connection_parameters(limits, application_name),
    )
    async with pool:
        with exported_pool(application_name, pool.counts):
            yield pool


def _connection_parameters(limits: PoolLimits, application_name: str) -> dict[str, Any]:
    return {
        # A statement outside an explicit transaction is a transaction of its own, without BEGIN and COMMIT.
        "autocommit": True,
        # Statements are prepared on first use: there are only a handful.
        "prepare_threshold": 0,
        "application_name": application_name,
        "connect_timeout": limits.connect_timeout_s,
        # Detects a vanished peer, for calls without a deadline too.
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "client_encoding": "UTF8",
        "options": _session_options(limits.statement_timeout_ms),
    }


def _session_options(statement_timeout_ms: int) -> str:
    """Returns the value of libpq's connection parameter `options`."""
    parameters = {**_SESSION_PARAMETERS, "statement_timeout": str(statement_timeout_ms)}
    return " ".join(f"-c {name}={value}" for name, value in parameters.items())


class UnsupportedPostgresError(Exception):
    """The server is older than the oldest supported version."""


async def ping(pool: PostgresPool) -> None:
    """Checks that PostgreSQL answers a query.

    Raises:
        psycopg.Error: It does not.
        UnsupportedPostgresError: It is too old; the message is for the operator.
    """
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")
        require_supported(connection.info.server_version)


def require_supported(server_version: int) -> None:
    """Raises UnsupportedPostgresError if ``server_version`` (160004 is 16.4) is too old."""
    if server_version < OLDEST_POSTGRES * 10_000:
        raise UnsupportedPostgresError(
            f"PostgreSQL {server_version // 10_000} is older than {OLDEST_POSTGRES}, the oldest supported version"
        )
