"""The pool of connections to Redis, so that nothing waits for it longer than it may. Needs `service-kit[redis]`."""

from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection, Connection

from service_kit.redis.liveness import live
from service_kit.request.deadline import time_left, within_deadline
from service_kit.stores.pool_telemetry import PoolCounts
from service_kit.stores.uninterrupted import uninterrupted

#: What a wait gets when the request's time has run out on the way to it (seconds).
_NO_TIME_S = 0.001
#: How long a connection that lay idle may take to show that it lives (seconds).
_SIGN_OF_LIFE_S = 0.1


class RedisPool(BlockingConnectionPool):
    """Hands out connections that know how long the current request has. TimeoutError: its deadline has passed.

    max_connections: a burst waits for connections instead of opening one for each command, which costs ten times the
    command. wait_s: how long, at most. timeout_s: how long connecting or a command may take, at most. Both are cut to
    what the request has left. options: further ones of redis-py's connections.

    A connection with a reply that nobody has read would answer the next command with it. redis-py closes one whose
    reader is cancelled or late, and looks at each before it hands it out, but that only with RESP2, for RESP3 may have
    something to announce at any time.
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
            connection_class=live(bounded, _SIGN_OF_LIFE_S),
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            protocol=2,
            **options,
        )
        self._waiting = 0

    @property
    def timeout(self) -> float:
        """How long a command may wait for a connection (seconds)."""
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
            # Before Python 3.13, the one who is told of a free connection, and cancelled just then, keeps it a secret.
            await uninterrupted(self._tell_next())
            raise
        else:
            return connection
        finally:
            self._waiting -= 1

    def counts(self) -> PoolCounts:
        """The connections at this moment; who is being connected waits as well."""
        return PoolCounts(len(self._available_connections), len(self._in_use_connections), self._waiting)

    async def _tell_next(self) -> None:
        async with self._condition:
            self._condition.notify()

    async def release(self, connection: AbstractConnection) -> None:
        await uninterrupted(super().release(connection))


class _Bounded:
    """What makes a connection of redis-py wait for an answer no longer than the current request may."""

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
