"""A TCP proxy that can stop forwarding without closing connections, like a network that loses all packets."""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class TcpProxy:
    """Forwards between its own ``port`` and a target port."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._pumps: set[asyncio.Task[None]] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._closed = asyncio.Event()
        #: While cleared, new connections are accepted but not forwarded.
        self.forwards_new = True
        #: While cleared, data from the server are held back.
        self.answers = asyncio.Event()
        self.answers.set()
        #: The delay in seconds, in both directions.
        self.delay_s = 0.0

    @property
    def address(self) -> str:
        """The address for clients, as host:port."""
        return f"127.0.0.1:{self.port}"

    def hang(self) -> None:
        """Stops forwarding on the open connections."""
        for pump in self._pumps:
            pump.cancel()

    async def drop(self, *, reset: bool) -> None:
        """Closes the open connections on both sides: by FIN, or by RST."""
        for client in list(self._clients):
            if reset:
                _reset_on_close(client)
                client.transport.abort()
            else:
                client.close()
        self._clients.clear()
        self.hang()
        await asyncio.sleep(0.05)  # the kernel sends it; no event reports that the peer has received it

    def finish_now(self) -> None:
        """Sends FIN on the open connections, before this event loop does anything else."""
        for client in self._clients:
            client.get_extra_info("socket").shutdown(socket.SHUT_WR)
        self._clients.clear()
        self.hang()

    def reset_now(self) -> None:
        """Sends RST on the open connections, before this event loop does anything else."""
        with Path(os.devnull).open("rb") as nothing:
            for client in self._clients:
                _reset_on_close(client)
                # Closes the socket now; the transport would do so in the next iteration of the loop.
                os.dup2(nothing.fileno(), client.get_extra_info("socket").fileno())
                client.transport.abort()
        self._clients.clear()
        self.hang()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.forwards_new:
            await self._closed.wait()
            writer.close()
            return
        self._clients.add(writer)
        to_server = await asyncio.open_connection("127.0.0.1", self._target_port)
        pumps = {
            asyncio.create_task(self._pump(reader, to_server[1])),
            asyncio.create_task(self._pump(to_server[0], writer, self.answers)),
        }
        self._pumps |= pumps
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        if any(pump.cancelled() for pump in pumps):
            await self._closed.wait()
        for pump in pumps:
            pump.cancel()
        for each in (writer, to_server[1]):
            each.close()
        self._clients.discard(writer)

    def close(self) -> None:
        """Closes the connections that hang."""
        self._closed.set()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event | None = None
    ) -> None:
        try:
            while data := await reader.read(65536):
                await asyncio.sleep(self.delay_s)
                if gate is not None:
                    await gate.wait()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            return


def _reset_on_close(client: asyncio.StreamWriter) -> None:
    linger = struct.pack("ii", 1, 0)  # RFC 9293 3.9.1: unsent data are discarded, and the peer gets a RST
    client.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


@asynccontextmanager
async def tcp_proxy(target_port: int) -> AsyncIterator[TcpProxy]:
    """Yields a proxy to a port of this machine."""
    proxy = TcpProxy(target_port)
    connections: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.create_task(proxy.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield proxy
        finally:
            proxy.close()
            proxy.hang()
            if connections:
                await asyncio.wait(connections)
