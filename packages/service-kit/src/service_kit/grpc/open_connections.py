"""The connections that a server has at the moment."""

import asyncio
from typing import Protocol

from loguru import logger

from service_kit.grpc.connection_shares import ConnectionShares
from service_kit.request.clients import client_network
from service_kit.telemetry.metrics import meter


class _Leaving(Protocol):
    def stop_hearing(self) -> None: ...

    def leave(self) -> None: ...

    def abort(self) -> None: ...


class OpenConnections:
    """The connections of a server: at most ``most`` that take calls, of which one peer has at most half.

    A peer is an IPv4 address, or a /64 of IPv6. A new connection that is one too many takes the place of an idle one,
    or is refused if there is none. shares: the connections that take calls, and which of them are idle.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.shares: ConnectionShares[_Leaving] = ConnectionShares(most)
        # With those that were refused, or made room, and have not closed yet.
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

    def add(self, connection: _Leaving, address: str) -> bool:
        """Adds an idle connection from ``address``.

        Returns:
            Whether it may take calls. If not, it is to be closed. Either way, it is to be discarded once it is closed.
        """
        self._open.add(connection)
        self._none.clear()
        self._count.add(1)
        is_admitted = self._admit(connection, client_network(address))
        # What the system had made before nobody listened any more, and hands over late.
        if self._hears_nothing:
            connection.stop_hearing()
        if self._closing:
            connection.leave()
        return is_admitted

    def discard(self, connection: _Leaving) -> None:
        """Forgets a connection that is closed."""
        self.shares.remove(connection)
        self._note_fullness()
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

    def _admit(self, connection: _Leaving, peer: str) -> bool:
        shares = self.shares
        has_whole_share = shares.has_whole_share(peer)
        if has_whole_share or shares.is_full:
            idle = shares.next_to_close(peer)
            if idle is None:
                self.broken_off("too many of one peer" if has_whole_share else "too many")
                if len(self._open) - len(shares) > self._most:
                    # So many are being refused that there is no waiting for each to read why.
                    connection.abort()
                return False
            shares.remove(idle)
            self.broken_off("idle, to make room")
            idle.leave()
        shares.add(connection, peer)
        self._note_fullness()
        return True

    def _note_fullness(self) -> None:
        full = self.shares.is_full
        if full != self._full:
            self._full = full
            logger.log("WARNING" if full else "INFO", "{} connections: {}", self._most, "full" if full else "not full")
