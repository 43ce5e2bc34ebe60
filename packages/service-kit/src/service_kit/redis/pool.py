"""The pool of connections to Redis, in which every wait is bounded. Needs `service-kit[redis]`."""

from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection, Connection

from service_kit.redis.liveness import live
from service_kit.request.deadline import time_left, within_deadline
from service_kit.stores.pool_telemetry import PoolCounts
from service_kit.stores.uninterrupted import uninterrupted

#: The shortest socket timeout (seconds), for a request whose deadline has just passed: 0 would mean no timeout.
_NO_TIME_S = 0.001
#: How long an idle connection may take to answer a PING (seconds).
_PING_TIMEOUT_S = 0.1


class RedisPool(BlockingConnectionPool):
    """A pool whose waits, connects and commands end at the current request's deadline, by TimeoutError.

    A connection with an unread reply would answer the next command with it. redis-py closes a connection whose reader
    was cancelled or timed out, and checks each for unread data before it hands it out; the latter with RESP2 only,
    because with RESP3 the server may push messages at any time.

    Args:
        max_connections: Callers of a burst wait for a connection instead of opening one per command, which costs ten
            times as much as the command.
        wait_s: The longest wait for a connection.
        timeout_s: The longest time for connecting or for a command.
        connection_class: The kind of connection, such as one with TLS.
        options: Further parameters of redis-py's connections.
    """

    def __init__(
        self,
        *,
        max_connections: int,
        wait_s: float,
        timeout_s: float,
        connection_class: type[AbstractConnection] = Connection,
        **options: Any,
    ) -> None:
        bounded: type[AbstractConnection] = type(
            "Bounded" + connection_class.__name__, (_Bounded, connection_class), {}
        )
        super().__init__(
            max_connections=max_connections,
            timeout=wait_s,
            connection_class=live(bounded, _PING_TIMEOUT_S),
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            protocol=2,
            **options,
        )
        self._waiting = 0

    @property
    def timeout(self) -> float:
        """The longest wait for a connection (seconds), cut to the request's deadline."""
        return within_deadline(self._wait_s)

    @timeout.setter
    def timeout(self, wait_s: float) -> None:
        self._wait_s = wait_s

    async def get_connection(self, *_: Any, **__: Any) -> AbstractConnection:
        time_left()
        self._waiting += 1
        try:
            connection: AbstractConnection = await super().get_connection()  # type: ignore[no-untyped-call]
        except BaseException:
            # Before Python 3.13, a waiter that is notified of a free connection and cancelled at the same time does
            # not pass the notification on.
            await uninterrupted(self._notify_next())
            raise
        else:
            return connection
        finally:
            self._waiting -= 1

    def counts(self) -> PoolCounts:
        """Returns the current counts; a caller whose connection is being opened counts as waiting."""
        return PoolCounts(len(self._available_connections), len(self._in_use_connections), self._waiting)

    async def _notify_next(self) -> None:
        async with self._condition:
            self._condition.notify()

    async def release(self, connection: AbstractConnection) -> None:
        await uninterrupted(super().release(connection))


class _Bounded:
    """Mixed into a connection class of redis-py: its socket timeout is cut to the current request's deadline."""

    @property
    def socket_timeout(self) -> float | None:
        try:
            left_s = time_left()
        except TimeoutError:
            return _NO_TIME_S
        return self._timeout_s if left_s is None or self._timeout_s is None else min(self._timeout_s, left_s)

    @socket_timeout.setter
    def socket_timeout(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s
