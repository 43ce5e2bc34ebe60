"""One connection of a client: its bytes go to and from the version of HTTP that the client uses, within time limits."""

import asyncio
import socket
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any, Protocol

from h2.connection import H2Connection
from hypercorn.events import Closed, Event, RawData, Updated
from loguru import logger

from gateway.server.edge import Edge
from gateway.server.request_tasks import RequestTasks
from gateway.server.telemetry import Cause
from gateway.server.transport import Transport, WriteStallTimer

#: How often a connection with several requests in progress is checked.
_CHECK_INTERVAL_S = 1.0


class HttpProtocol(Protocol):
    """One version of HTTP on a connection."""

    @property
    def is_multiplexed(self) -> bool:
        """Whether several requests can be in progress at once."""

    @property
    def is_reading_head(self) -> bool:
        """Whether a request has begun whose header fields are not complete."""

    async def initiate(self) -> None:
        """Sends what the server sends first."""

    async def handle(self, event: Event) -> None:
        """Handles received bytes, none of which means the end of them, or the end of the connection."""

    def begin_drain(self) -> None:
        """Asks the client for a new connection."""

    def on_idle_timeout(self) -> None:
        """Ends a connection on which no complete request has come in time."""

    def check_timeouts(self, now: float) -> Cause | None:
        """Returns why a connection with requests in progress has to be aborted."""

    def on_writable(self) -> None:
        """Continues to send, since there is room again for more output."""

    def dispose(self) -> None:
        """Frees the memory of requests and responses, however the connection has ended."""


class ClientSwitchesToHttp2Error(Exception):
    """The client speaks HTTP/2 from the first byte (RFC 9113, 3.3). data: what has come, from that byte on."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data = data


#: Makes the protocol of a connection.
NewProtocol = Callable[["ClientConnection", Edge], HttpProtocol]


class ConnectionObserver(Protocol):
    """Is notified when a connection becomes idle or busy."""

    def on_idle(self, connection: "ClientConnection") -> None: ...

    def on_busy(self, connection: "ClientConnection") -> None: ...


class LingeringClose:
    """How long, and how much, to read from a client that still sends after the last response (RFC 9112, 9.6).

    Closing a socket with unread bytes makes the kernel send a reset, which can destroy the response on its way. A
    client that sends more than 16 MiB, for more than 2 s, or with pauses of more than 0.5 s, gets the reset.
    """

    __slots__ = ("_bytes", "_end")

    _MAX_BYTES = 16 * 1024 * 1024
    _MAX_S = 2.0
    _MAX_PAUSE_S = 0.5

    def __init__(self) -> None:
        self._bytes = 0
        self._end = inf

    def begin(self, now: float) -> float:
        """Notes that the last response was just sent, or is still pending.

        Returns:
            When to stop if nothing arrives.
        """
        self._end = now + self._MAX_S
        return now + self._MAX_PAUSE_S

    def on_received(self, size_bytes: int, now: float) -> float:
        """Counts what has arrived.

        Returns:
            When to stop if nothing else arrives.
        """
        self._bytes += size_bytes
        return now if self._bytes > self._MAX_BYTES else min(now + self._MAX_PAUSE_S, self._end)


class ClientConnection:
    """Serves one client until it leaves, or has to leave.

    Args:
        edge: What all connections share.
        observer: Is notified when the connection becomes idle or busy.
        peer: The address of the client's end.
        local: The address of the server's end.
        client: Whose share of the unsent bytes the connection uses; None: that of a proxy.
        http1: Makes the protocol that a connection begins with.
        http2: Makes the protocol that takes over when the client speaks HTTP/2.

    Attributes:
        address: The client's, for the log.
        account: How many unsent bytes the connection holds.
        idle: Whether no request is in progress.
        closing: Whether the last response was sent.
        due: When `check` has to be called, on the clock of time.monotonic().
    """

    def __init__(
        self,
        edge: Edge,
        observer: ConnectionObserver,
        peer: Any,
        local: Any,
        *,
        client: str | None,
        http1: NewProtocol,
        http2: NewProtocol,
    ) -> None:
        self.peer = peer
        self.local = local
        self.address = str(peer[0]) if peer else ""
        self.transport = Transport(self._on_writable)
        self.account = edge.unsent.open(client, lambda: self._abort_for(Cause.UNSENT_BYTES))
        self.tasks = RequestTasks(self.abort)
        self.idle = True
        self.closing = False
        self.due = inf
        self._edge = edge
        self._observer = observer
        self._protocol = http1(self, edge)
        self._http2 = http2
        self._task: asyncio.Task[None] | None = None
        self._draining = False
        self._head_begun = False
        self._write_stall = WriteStallTimer(edge.bounds.send_timeout_s)
        self._lingering = LingeringClose()

    async def serve(self, sock: socket.socket) -> None:
        """Serves the client at the other end of ``sock`` until the connection is closed."""
        self._task = asyncio.current_task()
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: self.transport, sock)
        except OSError:  # the client has left already
            self.account.close()
            sock.close()
            return
        try:
            self.set_timeout(self._edge.bounds.header_timeout_s)
            await self._read_until_end()
        except Exception:
            logger.bind(client_address=self.address).exception("http connection aborted")
            self.abort()
        finally:
            self.transport.close()
            await self.transport.wait_closed()
            self._free()

    def write(self, data: bytes) -> None:
        """Sends ``data`` after everything that was written before."""
        self._write_stall.add(len(data))
        self.transport.write(data)
        self.account.note_transport(self.transport.unsent_bytes)

    def flush(self, h2: H2Connection) -> bool:
        """Sends the frames that ``h2`` has ready; returns whether there were any."""
        data = h2.data_to_send()
        if data:
            self.write(data)
        return bool(data)

    @property
    def is_writable(self) -> bool:
        """Whether there is room for more output."""
        return self.transport.is_writable

    async def drain(self) -> None:
        """Waits while the client leaves too much output unread."""
        await self.transport.drain()

    async def send(self, event: Event) -> None:
        """Does what Hypercorn's protocols ask for: sends, closes, or notes whether a request is in progress."""
        if isinstance(event, RawData):
            self.write(event.data)
            await self.transport.drain()
        elif isinstance(event, Closed):
            self.close()
        elif isinstance(event, Updated):
            self.set_idle(idle=event.idle)

    def close(self) -> None:
        """Sends the end of the stream, and reads what the client still sends for a moment."""
        if self.closing:
            return
        self.closing = True
        self.due = self._lingering.begin(monotonic())
        self.transport.finish()

    def abort(self) -> None:
        """Closes the connection now, and cancels the requests in progress."""
        self.closing = True
        self.tasks.cancel()
        self.transport.abort()
        self._free()
        if self._task is not None:  # it may be waiting for a request that is cancelled
            self._task.cancel()

    @property
    def needs_checking(self) -> bool:
        """Whether `check` has to be called before ``due``."""
        return self._write_stall.pending

    def begin_drain(self) -> None:
        """Accepts only those further requests that are on their way."""
        if not self._draining:
            self._draining = True
            self._protocol.begin_drain()
            awaits_first_byte = not self._head_begun and (self.idle or self._protocol.is_multiplexed)
            if not self.closing and awaits_first_byte:
                self.due = min(self.due, monotonic() + self._edge.notice_s)

    def check(self, now: float) -> None:
        """Ends what has taken too long. Calling it more often than necessary does no harm."""
        self.account.note_transport(self.transport.unsent_bytes)
        if self._write_stall.pending and self._write_stall.is_stalled(self.transport.unsent_bytes, now):
            self._abort_for(Cause.SLOW_READER)
        elif now >= self.due:
            self._on_due(now)

    def set_idle(self, *, idle: bool) -> None:
        """Notes whether a request is in progress."""
        if self.closing or idle == self.idle:
            return
        self.idle = idle
        self._head_begun = False
        if idle:
            self.set_timeout(self._edge.notice_s if self._draining else self._edge.bounds.keep_alive_timeout_s)
            self._observer.on_idle(self)
        else:
            self.set_timeout(
                _CHECK_INTERVAL_S if self._protocol.is_multiplexed else self._edge.bounds.request_timeout_s
            )
            self._observer.on_busy(self)

    def set_timeout(self, seconds: float) -> None:
        """Has `check` called after ``seconds``."""
        self.due = monotonic() + seconds

    async def _read_until_end(self) -> None:
        while data := await self.transport.read():
            if self.closing:
                self.due = self._lingering.on_received(len(data), monotonic())
            else:
                await self._receive(data)
        if not self.closing:
            await self._protocol.handle(RawData(b""))
        if self.transport.lost or self.closing or self._protocol.is_multiplexed:
            await self._protocol.handle(Closed())
        await self.tasks.finished()

    async def _receive(self, data: bytes) -> None:
        try:
            await self._protocol.handle(RawData(data))
        except ClientSwitchesToHttp2Error as switch:
            self._protocol = self._http2(self, self._edge)
            self.set_idle(idle=True)
            self.set_timeout(self._edge.bounds.header_timeout_s)
            await self._protocol.initiate()
            if self._draining:
                self._protocol.begin_drain()
            await self._protocol.handle(RawData(switch.data))
        if self.idle and not self.closing and not self._head_begun and self._protocol.is_reading_head:
            self._head_begun = True
            self.due = monotonic() + self._edge.bounds.header_timeout_s

    def _on_due(self, now: float) -> None:
        if self.closing:
            if self.transport.unsent_bytes:  # the last response is still pending
                self.due = self._lingering.begin(now)
            else:
                self.abort()
        elif not self.idle:
            self.due = now + _CHECK_INTERVAL_S
            cause = self._protocol.check_timeouts(now)
            if cause is not None:
                self._abort_for(cause)
        elif not self.transport.has_unread:  # otherwise a request has just arrived, and is about to be handled
            self._protocol.on_idle_timeout()

    def _free(self) -> None:
        self.account.close()
        self._protocol.dispose()

    def _on_writable(self) -> None:
        self.account.note_progress()
        self.account.note_transport(self.transport.unsent_bytes)
        self._protocol.on_writable()

    def _abort_for(self, cause: Cause) -> None:
        self._edge.telemetry.refused(cause)
        self.abort()
