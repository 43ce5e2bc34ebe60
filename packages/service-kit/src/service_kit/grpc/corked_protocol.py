"""HTTP/2 connections that write once per turn of the event loop.

grpclib writes each frame at once: a call is two writes, its response three. A write is a system call, which costs more
than encoding the frame, and under load the frames of many calls are encoded in one turn. So frames wait for the end of
the turn, and are written together.
"""

import asyncio
from typing import Any, cast

from grpclib.protocol import H2Protocol


class CorkedTransport(asyncio.Transport):
    """Passes everything to ``transport``, written data at the end of the turn."""

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
        """Returns how many bytes the kernel has not taken yet."""
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)


class CorkedProtocol(H2Protocol):
    """grpclib's protocol over a corked transport."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(self.corked(cast("asyncio.Transport", transport)))

    def corked(self, transport: asyncio.Transport) -> CorkedTransport:
        """Returns the transport to write to instead of ``transport``."""
        return CorkedTransport(transport)
