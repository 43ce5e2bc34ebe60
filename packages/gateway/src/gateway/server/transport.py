"""The bytes of one connection, in both directions, with back-pressure."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import cast

#: Reading pauses while more than this waits to be handled.
_MAX_RECEIVED_BYTES = 64 * 1024
#: Writing pauses while the kernel has not taken more than this: what waits elsewhere is not copied.
_HIGH_WATER_BYTES = 16 * 1024


class Transport(asyncio.Protocol):
    """A byte stream over one socket: what asyncio's streams do, without what this server does not need.

    Args:
        on_writable: Called when there is room again for more output.

    Attributes:
        ended: Whether the client sends nothing more.
        lost: Whether the connection is closed: nothing more can be sent.
    """

    def __init__(self, on_writable: Callable[[], None] = lambda: None) -> None:
        self._on_writable = on_writable
        self._loop = asyncio.get_running_loop()
        self._socket: asyncio.Transport | None = None
        self._received = b""
        self._arrival: asyncio.Future[None] | None = None
        self._paused = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed = asyncio.Event()
        self.ended = False
        self.lost = False

    async def read(self) -> bytes:
        """Returns what has arrived; b"" when nothing more will. Only one task at a time may wait."""
        if not self._received and not self.ended:
            self._arrival = self._loop.create_future()
            try:
                await self._arrival
            finally:
                self._arrival = None
        data, self._received = self._received, b""
        if self._paused and self._socket is not None and not self.lost:
            self._paused = False
            self._socket.resume_reading()
        return data

    def write(self, data: bytes) -> None:
        """Sends ``data`` as soon as there is room; ignores it once the connection is closing."""
        if self._socket is not None and not self._socket.is_closing():
            self._socket.write(data)

    async def drain(self) -> None:
        """Waits until there is room for more output."""
        if not self._writable.is_set():
            await self._writable.wait()

    @property
    def is_writable(self) -> bool:
        """Whether there is room for more output."""
        return self._writable.is_set()

    @property
    def unsent_bytes(self) -> int:
        """The size of the output that is still in this process; the kernel may hold more."""
        return 0 if self._socket is None or self.lost else self._socket.get_write_buffer_size()

    @property
    def has_unread(self) -> bool:
        """Whether something has arrived that was not read."""
        return bool(self._received)

    def finish(self) -> None:
        """Sends the end of the stream after pending output; reading continues."""
        transport = self._socket
        if transport is not None and not transport.is_closing() and transport.can_write_eof():
            try:
                transport.write_eof()
            except OSError:  # the client has reset the connection; `connection_lost` follows
                return

    def close(self) -> None:
        """Closes the connection after pending output."""
        if self._socket is not None:
            self._socket.close()

    def abort(self) -> None:
        """Closes the connection now, and discards pending output."""
        if self._socket is not None:
            self._socket.abort()

    async def wait_closed(self) -> None:
        """Waits until the connection is closed."""
        await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast("asyncio.Transport", transport)
        self._socket.set_write_buffer_limits(high=_HIGH_WATER_BYTES)

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        self._wake()
        if len(self._received) > _MAX_RECEIVED_BYTES and not self._paused and self._socket is not None:
            self._paused = True
            self._socket.pause_reading()

    def eof_received(self) -> bool:
        self.ended = True
        self._wake()
        return True  # a response may still have to be sent

    def connection_lost(self, _exc: Exception | None) -> None:
        self.ended = self.lost = True
        self._wake()
        self._writable.set()
        self._closed.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()
        self._on_writable()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)


class WriteStallTimer:
    """Write timeout: how long a client may not read pending output.

    It notes how much was written when output began to wait, and checks when that much has been sent. So a client that
    reads slowly is served as long as it reads one buffer within the timeout.

    Attributes:
        pending: Whether something has been written since no output was waiting.
    """

    __slots__ = ("_due", "_mark_bytes", "_timeout_s", "_written_bytes", "pending")

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._written_bytes = 0
        self._mark_bytes = 0
        self._due = inf
        self.pending = False

    def add(self, size_bytes: int) -> None:
        """Counts what has been written."""
        self._written_bytes += size_bytes
        self.pending = True

    def is_stalled(self, unsent_bytes: int, now: float) -> bool:
        """Returns whether the client has not read for too long; to be called every now and then.

        Args:
            unsent_bytes: The size of the pending output at this moment.
            now: On the clock of time.monotonic().
        """
        if not unsent_bytes:
            self.pending = False
            self._due = inf
        elif self._due == inf or self._written_bytes - unsent_bytes >= self._mark_bytes:
            self._mark_bytes = self._written_bytes
            self._due = now + self._timeout_s
        return now >= self._due
