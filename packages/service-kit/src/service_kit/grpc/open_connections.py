"""The open connections of a gRPC server: their maximum, and which one is closed for a new one."""

import asyncio
from typing import Protocol, TypeVar

from loguru import logger

from service_kit.listening import ConnectionTable
from service_kit.request.clients import client_network
from service_kit.telemetry.metrics import meter

C = TypeVar("C")


class Closable(Protocol):
    """What the server does with a connection as a whole."""

    def stop_receiving(self) -> None:
        """Ignores everything that the client sends from now on."""

    def close_gracefully(self) -> None:
        """Sends GOAWAY, and closes the connection once the client has read it."""

    def abort(self) -> None:
        """Closes the connection now."""


class ConnectionShares(ConnectionTable[C]):
    """A table of at most ``maximum`` connections, of which one peer has at most half."""

    def __init__(self, maximum: int) -> None:
        super().__init__()
        self._maximum = maximum
        self._maximum_of_peer = (maximum + 1) // 2

    @property
    def is_full(self) -> bool:
        """Whether no peer can have another connection."""
        return len(self) >= self._maximum

    def has_whole_share(self, peer: str) -> bool:
        """Returns whether ``peer`` has as many connections as one peer may have."""
        return self.count_of(peer) >= self._maximum_of_peer

    def next_to_close(self, peer: str) -> C | None:
        """Returns the connection to close for another one of ``peer``; None if all that qualify are busy.

        It is the longest idle one: of the peer itself if it has its whole share, else of the peer that has most.
        """
        closing_peer = peer
        if not self.has_whole_share(peer):
            count = self.count_of(peer)
            # Not of a peer that has fewer: with many connections it is not entitled to more.
            holders = [each for each in self.peers_with_idle() if self.count_of(each) >= count]
            closing_peer = max(holders, key=self.count_of, default=peer)
        return self.longest_idle_of(closing_peer)


class OpenConnections:
    """The connections of a server: at most ``maximum`` that may have calls, of which one peer has at most half.

    A peer is an IPv4 address, or a /64 of IPv6. A new connection beyond the maximum replaces an idle one, or is
    rejected if there is none.

    Attributes:
        shares: The connections that may have calls.
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self.shares: ConnectionShares[Closable] = ConnectionShares(maximum)
        # Also those that were rejected, or replaced, and have not closed yet.
        self._open: set[Closable] = set()
        self._full = self._stopped_receiving = self._closing = False
        self._none = asyncio.Event()
        self._none.set()
        instruments = meter("service_kit.grpc")
        self._count = instruments.create_up_down_counter(
            "rpc.server.connections", unit="{connection}", description="Connections of clients"
        )
        self._broken_off = instruments.create_counter(
            "rpc.server.connections.broken_off",
            unit="{connection}",
            description="Connections that the server ended, by cause",
        )

    def add(self, connection: Closable, address: str) -> bool:
        """Adds an idle connection from ``address``.

        Returns:
            Whether it may have calls. If not, the caller closes it. Either way, the caller discards it once it is
            closed.
        """
        self._open.add(connection)
        self._none.clear()
        self._count.add(1)
        is_admitted = self._admit(connection, client_network(address))
        # The kernel may hand over a connection after the server has stopped to listen.
        if self._stopped_receiving:
            connection.stop_receiving()
        if self._closing:
            connection.close_gracefully()
        return is_admitted

    def discard(self, connection: Closable) -> None:
        """Removes a connection that is closed."""
        self.shares.remove(connection)
        self._note_fullness()
        if connection in self._open:
            self._open.remove(connection)
            self._count.add(-1)
        if not self._open:
            self._none.set()

    def count_ended(self, cause: str) -> None:
        """Counts a connection that the server ends."""
        self._broken_off.add(1, {"cause": cause})

    async def wait_for_none(self, seconds: float) -> bool:
        """Waits until there is no connection, at most ``seconds``; returns whether that is so."""
        try:
            await asyncio.wait_for(self._none.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def stop_receiving(self) -> None:
        """Ignores everything that clients send from now on."""
        self._stopped_receiving = True
        for connection in self._open:
            connection.stop_receiving()

    async def close(self, seconds: float) -> None:
        """Closes all connections gracefully, and aborts what is open after ``seconds``."""
        self._closing = True
        for connection in tuple(self._open):
            connection.close_gracefully()
        if not await self.wait_for_none(seconds):
            for connection in tuple(self._open):
                connection.abort()

    def _admit(self, connection: Closable, peer: str) -> bool:
        shares = self.shares
        has_whole_share = shares.has_whole_share(peer)
        if has_whole_share or shares.is_full:
            idle = shares.next_to_close(peer)
            if idle is None:
                self.count_ended("too many of one peer" if has_whole_share else "too many")
                if len(self._open) - len(shares) > self._maximum:
                    # So many are being rejected that the server does not wait for each to read why.
                    connection.abort()
                return False
            shares.remove(idle)
            self.count_ended("idle, to make room")
            idle.close_gracefully()
        shares.add(connection, peer)
        self._note_fullness()
        return True

    def _note_fullness(self) -> None:
        full = self.shares.is_full
        if full != self._full:
            self._full = full
            level = "WARNING" if full else "INFO"
            text = "maximum of grpc connections reached" if full else "grpc connections below the maximum again"
            logger.bind(maximum=self._maximum).log(level, text)
