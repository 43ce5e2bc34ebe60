"""All connections of the process: admits them within the bounds, and ends each in its time."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Any

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
        self._networks: dict[ClientConnection, str] = {}
        # In the order in which they became idle.
        self._idle: dict[ClientConnection, None] = {}
        self._per_network: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        edge.telemetry.observe_connections(lambda: (len(self._idle), len(self._networks) - len(self._idle)))

    def admit(self, sock: socket.socket, peer: Any) -> Cause | None:
        """Serves the client at ``peer``, if the bounds allow it.

        Returns:
            Why they do not; then ``sock`` remains the caller's.
        """
        network = client_network(str(peer[0])) if peer else ""
        bounds = self._edge.bounds
        is_proxy = self._is_proxy(str(peer[0])) if peer else False
        if self._per_network[network] >= bounds.max_connections_per_client and not is_proxy:
            return Cause.CLIENT_CONNECTIONS
        if len(self._networks) >= bounds.max_connections and not self._make_room():
            return Cause.CONNECTIONS
        client = None if is_proxy else network
        connection = ClientConnection(
            self._edge, self, peer, sock.getsockname(), client=client, http1=Http1, http2=Http2
        )
        self._networks[connection] = network
        self._idle[connection] = None
        self._per_network[network] += 1
        self._empty.clear()
        task = asyncio.create_task(self._serve(connection, sock))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return None

    def on_idle(self, connection: ClientConnection) -> None:
        """Notes that no request is in progress."""
        if connection in self._networks:
            self._idle[connection] = None

    def on_busy(self, connection: ClientConnection) -> None:
        """Notes that a request is in progress."""
        self._idle.pop(connection, None)

    async def check_continuously(self) -> None:
        """Ends what has taken too long, for ever."""
        while True:
            await asyncio.sleep(_CHECK_INTERVAL_S)
            now, checks = monotonic(), 0
            for connection in tuple(self._networks):
                if connection.due <= now or connection.needs_checking:
                    connection.check(now)
                    checks += 1
                    if checks % _CHECKS_A_TURN == 0:
                        await asyncio.sleep(0)

    def begin_drain(self) -> None:
        """Accepts the last requests of every connection."""
        self._edge.draining = True
        for connection in tuple(self._networks):
            connection.begin_drain()

    async def wait_empty(self) -> None:
        """Waits until there are no connections."""
        await self._empty.wait()

    async def abort(self) -> None:
        """Closes all connections now, and waits until their tasks have ended."""
        for connection in tuple(self._networks):
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
        network = self._networks.pop(connection)
        self._idle.pop(connection, None)
        self._per_network[network] -= 1
        if not self._per_network[network]:
            del self._per_network[network]
        if not self._networks:
            self._empty.set()

    def _make_room(self) -> bool:
        """Closes the connection that has been idle for longest; returns whether there was one."""
        oldest = next(iter(self._idle), None)
        if oldest is None:
            return False
        del self._idle[oldest]
        self._edge.telemetry.refused(Cause.CONNECTIONS)
        oldest.abort()
        return True
