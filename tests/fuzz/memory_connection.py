"""Connections of the gateway without sockets: data arrive in exactly the pieces that a test sends."""

import asyncio
from typing import Any, cast

from gateway.server.bounds import Bounds
from gateway.server.connection import ClientConnection
from gateway.server.edge import Edge
from gateway.server.http1 import Http1
from gateway.server.http2 import Http2
from gateway.server.hypercorn_adapter import EdgeConfig
from gateway.server.refusals import Refusals
from gateway.server.telemetry import EdgeTelemetry
from gateway.server.unsent_budget import UnsentBudget
from opentelemetry.metrics import NoOpMeter
from starlette.types import ASGIApp

from tests.integration.gateway.server.edge import BOUNDS

#: No exchange of a few kilobytes takes more iterations of the event loop; one that does hangs.
_MAX_TURNS = 20_000


class Peer(asyncio.Transport):
    """The client's end of a connection and the server's transport. received: the bytes that the server has sent."""

    def __init__(self) -> None:
        super().__init__()
        self.received = bytearray()
        self.is_paused = False
        self.has_end = False
        self._is_closing = False
        self._protocol: asyncio.Protocol | None = None

    def attach(self, protocol: asyncio.Protocol) -> None:
        """Opens the connection."""
        self._protocol = protocol
        protocol.connection_made(self)

    async def send(self, piece: bytes) -> None:
        """Sends ``piece`` as one packet, as soon as the server reads."""
        for _ in range(_MAX_TURNS):
            if not self.is_paused or self._is_closing:
                break
            await asyncio.sleep(0)
        assert self._protocol is not None
        assert not self.is_paused, "the server has stopped to read for good"
        if not self._is_closing:
            self._protocol.data_received(piece)

    def finish(self) -> None:
        """Closes the sending direction, and keeps reading."""
        if self._protocol is not None and not self._is_closing:
            self._protocol.eof_received()

    def leave(self) -> None:
        """Aborts the connection."""
        self.abort()

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 8080)

    def write(self, data: Any) -> None:
        assert not self.has_end, "written after the end"
        self.received += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.has_end = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Returns 0: nothing is ever buffered."""

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            if self._protocol is not None:
                asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()


class _NoObserver:
    def on_idle(self, _connection: ClientConnection) -> None: ...

    def on_busy(self, _connection: ClientConnection) -> None: ...


def memory_edge(app: ASGIApp, **bounds: Any) -> Edge:
    """Returns the shared state of connections to ``app``; ``bounds`` replace those in BOUNDS."""
    in_force = Bounds(**{**BOUNDS, **bounds})
    telemetry = EdgeTelemetry(NoOpMeter("fuzz"))
    refusals = Refusals(str.capitalize, telemetry)
    unsent = UnsentBudget(in_force.max_unsent_bytes)
    return Edge(app, in_force, EdgeConfig(in_force), refusals, telemetry, unsent, notice_s=0.1)


async def converse(
    edge: Edge, pieces: list[bytes], *, turns: int = 0, last_turns: int = 0, leaves: bool = False
) -> bytes:
    """Sends ``pieces`` on one connection, then its end, and returns the bytes that the server has sent.

    Args:
        edge: the shared state of the server's connections.
        pieces: one packet each.
        turns: iterations of the event loop between two pieces.
        last_turns: iterations of it after the last one.
        leaves: whether the client aborts the connection at the end.

    Raises:
        AssertionError: the server does not finish.
    """
    peer = Peer()
    connection = ClientConnection(
        edge,
        _NoObserver(),
        ("127.0.0.1", 50000),
        peer.getsockname(),
        client="127.0.0.1",
        http1=Http1,
        http2=Http2,
    )
    serving = asyncio.ensure_future(connection.serve(cast("Any", peer)))
    await asyncio.sleep(0)  # the server accepts the connection
    for piece in pieces:
        await peer.send(piece)
        for _ in range(turns):
            await asyncio.sleep(0)
    for _ in range(last_turns):
        await asyncio.sleep(0)
    if leaves:
        peer.leave()
    else:
        peer.finish()
    for _ in range(_MAX_TURNS):
        if serving.done():
            break
        await asyncio.sleep(0)
    else:
        connection.abort()
        await asyncio.wait({serving})
        raise AssertionError("the connection does not end")
    serving.result()
    return bytes(peer.received)
