"""Connections to Redis that are asked for a sign of life after they lay idle. Needs the extra `service-kit[redis]`."""

import asyncio
import time
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection, Connection
from redis.exceptions import RedisError, ResponseError

from service_kit.request.deadline import within_deadline

#: A connection that was not used for longer (seconds) is asked before it is used. The round trip costs a tenth of a
#: millisecond; under load no connection lies idle for so long.
_IDLE_S = 1.0


class LiveConnection:
    """What replaces a connection that died while it lay idle, mixed into a connection class of redis-py.

    Before a pool hands a connection out, it asks `can_read`, and opens a new one if there is something to read: an end
    of the stream, or a reply that nobody has read. What a proxy or a firewall has dropped without saying so shows
    neither. So after a while the connection is asked by a PING.
    """

    #: How long the answer may take (seconds).
    sign_of_life_s: float
    _used_at_s = 0.0

    async def read_response(self, *args: Any, **options: Any) -> Any:
        response = await super().read_response(*args, **options)  # type: ignore[misc]
        self._used_at_s = time.monotonic()
        return response

    async def can_read(self) -> bool:
        """Whether the connection is of no use any more: dead, silent, or with a reply that nobody has read."""
        if await super().can_read() or self._was_reset():  # type: ignore[misc]
            return True
        return time.monotonic() - self._used_at_s >= _IDLE_S and not await self._answers()

    def _was_reset(self) -> bool:
        """Whether the peer has reset the connection (RST), which is no end of the stream to asyncio."""
        reader: asyncio.StreamReader | None = getattr(self, "_reader", None)
        return reader is not None and reader.exception() is not None

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(within_deadline(self.sign_of_life_s)):
                await self.send_command("PING", check_health=False)  # type: ignore[attr-defined]
                await self.read_response()
        except ResponseError:  # it refuses, and so it lives
            return True
        except (RedisError, OSError, TimeoutError):
            return False
        return True


def live(connection_class: type[AbstractConnection], sign_of_life_s: float) -> type[AbstractConnection]:
    """``connection_class`` with LiveConnection mixed in."""
    name = f"Live{connection_class.__name__}"
    return type(name, (LiveConnection, connection_class), {"sign_of_life_s": sign_of_life_s})


class LivePool(ConnectionPool):
    """A pool of such connections; it opens as many as are asked for at once."""

    def __init__(
        self, *, sign_of_life_s: float, connection_class: type[AbstractConnection] = Connection, **options: Any
    ) -> None:
        super().__init__(connection_class=live(connection_class, sign_of_life_s), **options)
