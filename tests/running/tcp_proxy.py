"""A proxy that can stop forwarding without closing anything, as a network does that loses its packets."""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class TcpProxy:
    """Forwards between its own ``port`` and another one."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._pumps: set[asyncio.Task[None]] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._closed = asyncio.Event()
        #: Cleared: a connection that is opened now is accepted, and that is all.
        self.forwards_new = True
        #: Cleared: what the server says is kept back until it is set again.
        self.answers = asyncio.Event()
        self.answers.set()
        #: By how much (seconds) everything that goes either way is late.
        self.delay_s = 0.0

    @property
    def address(self) -> str:
        """Where clients connect, as host:port."""
        return f"127.0.0.1:{self.port}"

    def hang(self) -> None:
        """Forward nothing more on the connections that are open now."""
        for pump in self._pumps:
            pump.cancel()

    async def drop(self, *, reset: bool) -> None:
        """Close the connections that are open now, on both sides: by FIN, or by RST."""
        for client in list(self._clients):
            if reset:
                _reset_on_close(client)
                client.transport.abort()
            else:
                client.close()
        self._clients.clear()
        self.hang()
        await asyncio.sleep(0.05)  # the kernel's business; no event tells that the peer has been told

    def finish_now(self) -> None:
        """Send FIN on the connections that are open now, before this event loop does anything else."""
        for client in self._clients:
            client.get_extra_info("socket").shutdown(socket.SHUT_WR)
        self._clients.clear()
        self.hang()

    def reset_now(self) -> None:
        """Send RST on the connections that are open now, before this event loop does anything else."""
        with Path(os.devnull).open("rb") as nothing:
            for client in self._clients:
                _reset_on_close(client)
                # Closes the socket now; the transport would do so in its next turn.
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
        """Let go of the connections that hang."""
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
    linger = struct.pack("ii", 1, 0)  # RFC 9293 3.9.1: what is unsent is discarded, and the peer is told so
    client.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


@asynccontextmanager
async def tcp_proxy(target_port: int) -> AsyncIterator[TcpProxy]:
    """A proxy to a port of this machine, for as long as the context lasts."""
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
