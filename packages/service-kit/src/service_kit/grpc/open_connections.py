"""The connections that a server has at the moment."""

import asyncio
from typing import Protocol

from loguru import logger

from service_kit.metrics import meter


class _Leaving(Protocol):
    def stop_hearing(self) -> None: ...

    def leave(self) -> None: ...

    def abort(self) -> None: ...


class OpenConnections:
    """At most ``most``; who comes when there are so many is sent away with a word."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[_Leaving] = set()
        self._full = self._hears_nothing = self._closing = False
        self._none = asyncio.Event()
        self._none.set()
        instruments = meter("service_kit.grpc")
        self._count = instruments.create_up_down_counter(
            "rpc.server.connections", unit="{connection}", description="Connections of clients"
        )
        self._broken_off = instruments.create_counter(
            "rpc.server.connections.broken_off", unit="{connection}", description="Connections ended by us, by cause"
        )

    def add(self, connection: _Leaving) -> bool:
        """Whether there is a place for it; it is to be discarded in either case."""
        self._open.add(connection)
        self._none.clear()
        self._count.add(1)
        full = len(self._open) > self._most
        if full:
            self.broken_off("too many")
        if full != self._full:
            self._full = full
            logger.log("WARNING" if full else "INFO", "{} connections: {}", self._most, "full" if full else "not full")
        # What the system had made before nobody listened any more, and hands over late.
        if self._hears_nothing:
            connection.stop_hearing()
        if self._closing:
            connection.leave()
        return not full

    def discard(self, connection: _Leaving) -> None:
        if connection in self._open:
            self._open.remove(connection)
            self._count.add(-1)
        if not self._open:
            self._none.set()

    def broken_off(self, cause: str) -> None:
        """Count a connection that ends before its client wants it to."""
        self._broken_off.add(1, {"cause": cause})

    async def wait_for_none(self, seconds: float) -> bool:
        """Whether there is no connection, at the latest after ``seconds``."""
        try:
            await asyncio.wait_for(self._none.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def stop_hearing(self) -> None:
        """Have no connection begin anything that its client asks for from here on."""
        self._hears_nothing = True
        for connection in self._open:
            connection.stop_hearing()

    async def close(self, seconds: float) -> None:
        """Have all clients leave, by force after ``seconds``."""
        self._closing = True
        for connection in tuple(self._open):
            connection.leave()
        if not await self.wait_for_none(seconds):
            for connection in tuple(self._open):
                connection.abort()
