"""grpclib's server with bounded connections and calls."""

import asyncio
import socket
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from grpclib.const import Handler
from grpclib.encoding.base import CodecBase
from grpclib.encoding.proto import ProtoStatusDetailsCodec
from grpclib.protocol import H2Protocol
from grpclib.server import Server

from service_kit.grpc.call_handler import CallHandler
from service_kit.grpc.connection import KEEPALIVE, ServerConnection
from service_kit.grpc.limits import ServerLimits
from service_kit.grpc.open_connections import OpenConnections
from service_kit.grpc.receive_budget import ReceiveBudget
from service_kit.listening import accept_queued, listen

#: How many connections may wait in the kernel while the event loop is busy.
_BACKLOG = 512
_SHARE_SETTING = "…_SHARE_PORT"


class BoundedService(Protocol):
    """A service of grpclib, with the deadline of each path in seconds; a path without one has no deadline."""

    deadlines_s: Mapping[str, float]

    def __mapping__(self) -> Mapping[str, Handler]: ...


class BoundedServer(Server):
    """Serves ``services`` within ``limits``; ``connections`` holds its connections."""

    def __init__(
        self,
        services: Collection[BoundedService],
        codec: CodecBase,
        limits: ServerLimits,
        connections: OpenConnections,
    ) -> None:
        handlers: Collection[Any] = services
        super().__init__(handlers, codec=codec, status_details_codec=ProtoStatusDetailsCodec(), config=KEEPALIVE)
        self._limits, self._connections = limits, connections
        self._receive_budget = ReceiveBudget(limits.max_receiving_bytes)
        self._listening: list[socket.socket] = []
        self._further: list[asyncio.AbstractServer] = []
        self._deadlines_s = {path: seconds for service in services for path, seconds in service.deadlines_s.items()}

    async def finish(self, seconds: float) -> None:
        """Waits for the calls that are in progress at this moment, at most ``seconds``."""
        handlers = (handler for handler in self._handlers if isinstance(handler, CallHandler))
        unfinished = {task for handler in handlers for task in handler.unfinished}
        if unfinished:
            await asyncio.wait(unfinished, timeout=seconds)

    async def listen(self, hosts: tuple[str, ...], port: int, *, share_port: bool) -> None:
        """Begins to serve.

        Raises:
            OSError: The port cannot be bound.
        """
        first, *further = listen(hosts, port, share_port=share_port, share_setting=_SHARE_SETTING)
        # Duplicates, because the servers close the originals.
        self._listening = [each.dup() for each in (first, *further)]
        await self.start(sock=first, backlog=_BACKLOG)
        for each in further:  # grpclib starts only one
            self._further.append(await self._loop.create_server(self._protocol_factory, sock=each, backlog=_BACKLOG))

    async def stop_listening(self) -> None:
        """Closes the listening sockets, and accepts the connections in their queues; open connections stay open."""
        if self._server is None or not self._listening:
            return
        for server in (self._server, *self._further):
            server.close()
        queued = [connection for each in self._listening for connection, _ in accept_queued(each, _BACKLOG)]
        for each in self._listening:
            each.close()
        self._listening = []
        for connection in queued:
            await self._loop.connect_accepted_socket(self._protocol_factory, connection)

    def _protocol_factory(self) -> H2Protocol:
        self.__gc_step__()
        parts = (self._mapping, self._codec, self._status_details_codec, self.__dispatch__)
        handler = CallHandler(*parts, limits=self._limits, deadlines_s=self._deadlines_s)
        self._handlers.add(handler)
        return ServerConnection(
            handler,
            self._config,
            limits=self._limits,
            connections=self._connections,
            receive_budget=self._receive_budget,
        )
