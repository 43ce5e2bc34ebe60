"""The bytes of one connection, in and out, with back-pressure both ways."""

import asyncio
from collections.abc import Callable
from typing import cast

# Reading stops while so much is waiting to be looked at.
_MAX_WAITING_BYTES = 64 * 1024
# Nothing more is written while so much has not gone to the kernel: what waits, waits where it is no copy.
_HIGH_WATER_BYTES = 16 * 1024


class Wire(asyncio.Protocol):
    """What asyncio's streams do, less what we do not need.

    lost: nothing can be sent any more. ended: nothing more will come.
    on_writable: called when there is room again for more to be sent.
    """

    def __init__(self, on_writable: Callable[[], None] = lambda: None) -> None:
        self._on_writable = on_writable
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting = b""
        self._arrival: asyncio.Future[None] | None = None
        self._paused = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._gone = asyncio.Event()
        self.ended = False
        self.lost = False

    async def read(self) -> bytes:
        """What has come; b"" when nothing more will. One task at a time may wait."""
        if not self._waiting and not self.ended:
            self._arrival = self._loop.create_future()
            try:
                await self._arrival
            finally:
                self._arrival = None
        data, self._waiting = self._waiting, b""
        if self._paused and self._transport is not None and not self.lost:
            self._paused = False
            self._transport.resume_reading()
        return data

    def write(self, data: bytes) -> None:
        """Send ``data``, now or when there is room; what comes after the end is lost without a word."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until there is room again for more to be sent."""
        if not self._writable.is_set():
            await self._writable.wait()

    @property
    def is_writable(self) -> bool:
        """Whether there is room for more to be sent."""
        return self._writable.is_set()

    @property
    def unsent_bytes(self) -> int:
        """What is still in this process; the kernel may hold more."""
        return 0 if self._transport is None or self.lost else self._transport.get_write_buffer_size()

    @property
    def has_unread(self) -> bool:
        return bool(self._waiting)

    def finish(self) -> None:
        """Send the end after what is unsent; reading goes on."""
        transport = self._transport
        if transport is not None and not transport.is_closing() and transport.can_write_eof():
            try:
                transport.write_eof()
            except OSError:  # the client has reset the connection; we hear of it in a moment
                return

    def close(self) -> None:
        """Close once everything has been sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now, whatever is unsent."""
        if self._transport is not None:
            self._transport.abort()

    async def gone(self) -> None:
        """Wait until the connection is closed."""
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES)

    def data_received(self, data: bytes) -> None:
        self._waiting = self._waiting + data if self._waiting else data
        self._wake()
        if len(self._waiting) > _MAX_WAITING_BYTES and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        self.ended = True
        self._wake()
        return True  # we may still have something to say

    def connection_lost(self, _exc: Exception | None) -> None:
        self.ended = self.lost = True
        self._wake()
        self._writable.set()
        self._gone.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()
        self._on_writable()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
