"""All connections of the process: how many there may be, and what becomes of them."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Any

from service_kit.request.clients import client_network

from gateway.server.connection import Connection
from gateway.server.edge import Edge
from gateway.server.telemetry import Cause

#: How often (seconds) all connections are looked at for what is overdue. One timer for all: a request sets no timer.
_SWEEP_S = 0.25
#: So many are seen to before others get their turn: where hundreds came together, hundreds are overdue together.
_CHECKS_A_TURN = 4


class Connections:
    """Takes connections in, within bounds, and sees to it that each ends in its time.

    is_proxy: whether an address is that of a proxy that we trust. Its connections are those of many clients, so that
    only the process's bound counts.
    """

    def __init__(self, edge: Edge, is_proxy: Callable[[str], bool]) -> None:
        self._edge = edge
        self._is_proxy = is_proxy
        self._all: dict[Connection, str] = {}
        # In the order in which they became idle.
        self._idle: dict[Connection, None] = {}
        self._per_network: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        edge.telemetry.watch(lambda: (len(self._idle), len(self._all) - len(self._idle)))

    def take(self, sock: socket.socket, peer: Any) -> Cause | None:
        """Serve the client at ``peer``. Or say why not, and leave ``sock`` to the caller."""
        network = client_network(str(peer[0])) if peer else ""
        bounds = self._edge.bounds
        is_proxy = self._is_proxy(str(peer[0])) if peer else False
        if self._per_network[network] >= bounds.max_connections_per_client and not is_proxy:
            return Cause.CLIENT_CONNECTIONS
        if len(self._all) >= bounds.max_connections and not self._make_room():
            return Cause.CONNECTIONS
        connection = Connection(self._edge, self, peer, sock.getsockname(), client=None if is_proxy else network)
        self._all[connection] = network
        self._idle[connection] = None
        self._per_network[network] += 1
        self._empty.clear()
        task = asyncio.create_task(self._serve(connection, sock))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return None

    def on_idle(self, connection: Connection) -> None:
        """No request is in progress any more."""
        if connection in self._all:
            self._idle[connection] = None

    def on_busy(self, connection: Connection) -> None:
        """A request is in progress."""
        self._idle.pop(connection, None)

    async def watch_over(self) -> None:
        """End what is overdue, for ever."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            now, checks = monotonic(), 0
            for connection in tuple(self._all):
                if connection.due <= now or connection.needs_checking:
                    connection.check(now)
                    checks += 1
                    if checks % _CHECKS_A_TURN == 0:
                        await asyncio.sleep(0)

    def begin_drain(self) -> None:
        """Take the last requests of every connection."""
        self._edge.draining = True
        for connection in tuple(self._all):
            connection.begin_drain()

    async def ended(self) -> None:
        """Wait until there are no connections."""
        await self._empty.wait()

    async def abort(self) -> None:
        """End all connections now, and return when nothing of them is left."""
        for connection in tuple(self._all):
            connection.abort()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self, connection: Connection, sock: socket.socket) -> None:
        if self._edge.draining:
            connection.begin_drain()
        try:
            await connection.serve(sock)
        finally:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        network = self._all.pop(connection)
        self._idle.pop(connection, None)
        self._per_network[network] -= 1
        if not self._per_network[network]:
            del self._per_network[network]
        if not self._all:
            self._empty.set()

    def _make_room(self) -> bool:
        """Let go of the connection that has been idle for longest: whoever does something comes first."""
        oldest = next(iter(self._idle), None)
        if oldest is None:
            return False
        del self._idle[oldest]
        self._edge.telemetry.refused(Cause.CONNECTIONS)
        oldest.abort()
        return True
