"""All connections of the process: admits them within the bounds, and ends each in its time."""

import asyncio
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any

from service_kit.listening import ConnectionTable
from service_kit.request.clients import client_network

from gateway.server.connection import ClientConnection
from gateway.server.edge import Edge
from gateway.server.http1 import Http1
from gateway.server.http2 import Http2
from gateway.server.telemetry import Cause

#: How often all connections are checked for what has taken too long. One timer for all: a request sets no timer.
_CHECK_INTERVAL_S = 0.25
#: So many are checked before other tasks get their turn: hundreds that were opened together are due together.
_CHECKS_A_TURN = 4


class ConnectionRegistry:
    """The open connections.

    Args:
        edge: What all connections share.
        is_proxy: Whether an address is that of a trusted proxy. Its connections are those of many clients, so that
            only the bound of the process counts.
    """

    def __init__(self, edge: Edge, is_proxy: Callable[[str], bool]) -> None:
        self._edge = edge
        self._is_proxy = is_proxy
        self._table: ConnectionTable[ClientConnection] = ConnectionTable()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        edge.telemetry.observe_connections(self._idle_and_busy)

    def admit(self, sock: socket.socket, peer: Any) -> Cause | None:
        """Serves the client at ``peer``, if the bounds allow it.

        Returns:
            Why they do not; then ``sock`` remains the caller's.
        """
        network = client_network(str(peer[0])) if peer else ""
        bounds = self._edge.bounds
        is_proxy = self._is_proxy(str(peer[0])) if peer else False
        if self._table.count_of(network) >= bounds.max_connections_per_client and not is_proxy:
            return Cause.CLIENT_CONNECTIONS
        if len(self._table) >= bounds.max_connections and not self._make_room():
            return Cause.CONNECTIONS
        client = None if is_proxy else network
        connection = ClientConnection(
            self._edge, self, peer, sock.getsockname(), client=client, http1=Http1, http2=Http2
        )
        self._table.add(connection, network)
        self._empty.clear()
        task = asyncio.create_task(self._serve(connection, sock))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return None

    def on_idle(self, connection: ClientConnection) -> None:
        """Notes that no request is in progress."""
        self._table.on_idle(connection)

    def on_busy(self, connection: ClientConnection) -> None:
        """Notes that a request is in progress."""
        self._table.on_busy(connection)

    async def check_continuously(self) -> None:
        """Ends what has taken too long, for ever."""
        while True:
            await asyncio.sleep(_CHECK_INTERVAL_S)
            now, checks = monotonic(), 0
            for connection in tuple(self._table):
                if connection.due <= now or connection.needs_checking:
                    connection.check(now)
                    checks += 1
                    if checks % _CHECKS_A_TURN == 0:
                        await asyncio.sleep(0)

    def begin_drain(self) -> None:
        """Accepts the last requests of every connection."""
        self._edge.draining = True
        for connection in tuple(self._table):
            connection.begin_drain()

    async def wait_empty(self) -> None:
        """Waits until there are no connections."""
        await self._empty.wait()

    async def abort(self) -> None:
        """Closes all connections now, and waits until their tasks have ended."""
        for connection in tuple(self._table):
            connection.abort()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self, connection: ClientConnection, sock: socket.socket) -> None:
        if self._edge.draining:
            connection.begin_drain()
        try:
            await connection.serve(sock)
        finally:
            self._remove(connection)

    def _remove(self, connection: ClientConnection) -> None:
        self._table.remove(connection)
        if not self._table:
            self._empty.set()

    def _idle_and_busy(self) -> tuple[int, int]:
        return self._table.idle_count, len(self._table) - self._table.idle_count

    def _make_room(self) -> bool:
        """Closes the connection that has been idle for longest; returns whether there was one."""
        oldest = self._table.longest_idle()
        if oldest is None:
            return False
        self._table.on_busy(oldest)  # it must not be chosen again before it has ended
        self._edge.telemetry.refused(Cause.CONNECTIONS)
        oldest.abort()
        return True
