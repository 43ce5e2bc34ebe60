"""Follows what an address says of its health, so that one which is about to stop is left at once.

(https://github.com/grpc/grpc/blob/master/doc/health-checking.md.) On the way it keeps a connection open, and opens a
new one when that has ended: a recovered address is known before a request needs it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic
from typing import Any, NoReturn

from grpclib.const import Cardinality, Status
from grpclib.exceptions import GRPCError
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from loguru import logger
from service_kit.lifecycle.backoff import Backoff

from gateway.upstream.connection import Connection
from gateway.upstream.connections import Connections
from gateway.upstream.health import Health

_WATCH = "/grpc.health.v1.Health/Watch"
#: No call goes without a deadline. This one is only followed by the next.
_WATCH_S = 300.0
#: The backoff between two attempts that fail.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
#: An address that has been away for longer, after so many attempts, is no reason any more to look for another.
_NEWS = 10
#: When to ask one again that has no health service, unless its connection ends before, in seconds.
_ASK_AGAIN_S = 60.0
_SAID = {
    HealthCheckResponse.SERVING: Health.SERVING,
    HealthCheckResponse.NOT_SERVING: Health.NOT_SERVING,
}


class HealthWatch:
    """Watches over ``connections``.

    tell: hears what the address says. on_unreachable: hears that no connection can be made any more.
    """

    def __init__(
        self, connections: Connections, tell: Callable[[Health], None], on_unreachable: Callable[[], None]
    ) -> None:
        self._connections = connections
        self._tell = tell
        self._on_unreachable = on_unreachable
        self._failures = 0
        self._backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)

    async def run(self) -> NoReturn:
        """Watch for ever."""
        while True:
            pause_s = await self._watch()
            if pause_s:
                await asyncio.sleep(pause_s)

    async def _watch(self) -> float:
        """Watch until that ends; the seconds to wait before the next time."""
        try:
            connection = self._connections.free() or await self._connections.opened(monotonic() + _WATCH_S)
        except OSError:
            if self._failures < _NEWS:
                self._on_unreachable()
            return self._failed()
        try:
            await self._follow(connection)
        except TimeoutError:
            return 0.0
        except GRPCError as exc:
            if exc.status is Status.UNIMPLEMENTED:
                self._tell(Health.UNKNOWN)
                await _outlast(connection)
                return 0.0
        except Exception as exc:  # the peer may end a stream with any error; the next stream may work
            logger.debug("watch ended: {!r}", exc)
        return self._failed()

    async def _follow(self, connection: Connection) -> None:
        call: Any = connection.request(
            _WATCH, Cardinality.UNARY_STREAM, HealthCheckRequest, HealthCheckResponse, timeout=_WATCH_S
        )
        connection.calls.add(call)
        try:
            async with call:
                await call.send_message(HealthCheckRequest(), end=True)
                while (reply := await call.recv_message()) is not None:
                    self._failures = 0
                    self._backoff.succeeded()
                    self._tell(_SAID.get(reply.status, Health.UNKNOWN))
        finally:
            connection.release(call)

    def _failed(self) -> float:
        self._tell(Health.UNKNOWN)
        self._failures = min(self._failures + 1, _NEWS)
        return self._backoff.next_s()


async def _outlast(connection: Connection) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_ASK_AGAIN_S):
            await connection.retirement.wait()
