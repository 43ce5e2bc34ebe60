"""HTTP/2 connections that write once in a turn of the event loop.

grpclib writes each frame as it makes it: a call is two writes, its answer three. A write is a call into the system,
which costs more than making the frame, and under load the frames of many calls are made in one turn. So frames wait for
the end of the turn, and go out together.
"""

import asyncio
from typing import Any, cast

from grpclib.protocol import H2Protocol


class CorkedTransport(asyncio.Transport):
    """Passes everything on to ``transport``, but what is written only at the end of the turn."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not data:
            return
        self._waiting.append(data)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._waiting.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        """What the peer has not taken yet, in bytes."""
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)


class CorkedProtocol(H2Protocol):
    """grpclib's protocol, for clients and servers alike, over a corked transport."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(self.corked(cast("asyncio.Transport", transport)))

    def corked(self, transport: asyncio.Transport) -> CorkedTransport:
        """The transport to write to, instead of ``transport`` itself."""
        return CorkedTransport(transport)
