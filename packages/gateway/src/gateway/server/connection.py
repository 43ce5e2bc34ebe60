"""One connection of a client: what comes goes to its protocol, what the protocol says goes out, each in its time."""

import asyncio
import socket
from math import inf
from time import monotonic
from typing import Any, Protocol

from h2.connection import H2Connection
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H2ProtocolAssumedError
from loguru import logger

from gateway.server.edge import Edge
from gateway.server.http1 import Http1
from gateway.server.http2 import Http2
from gateway.server.lingering import Lingering
from gateway.server.request_tasks import RequestTasks
from gateway.server.telemetry import Cause
from gateway.server.unsent import Unsent
from gateway.server.wire import Wire

# How often a connection with several requests in progress is looked at.
_TICK_S = 1.0


class Watch(Protocol):
    """Who wants to know what connections do."""

    def on_idle(self, connection: "Connection") -> None: ...

    def on_busy(self, connection: "Connection") -> None: ...


class Connection:
    """Serves one client until it leaves, or has to.

    peer, local: the addresses of the two ends. address: the client's, for the log.
    client: whose share of unsent bytes it draws on; None: that of a proxy. account: what it holds of them.
    idle: whether no request is in progress. closing: whether we have said our last word.
    due: when `check` must be called, on the clock of time.monotonic(); it is called more often, which costs nothing.
    """

    def __init__(self, edge: Edge, watch: Watch, peer: Any, local: Any, *, client: str | None) -> None:
        self.peer = peer
        self.local = local
        self.address = str(peer[0]) if peer else ""
        self.wire = Wire(self._on_writable)
        self.account = edge.unsent.open(client, lambda: self._cut(Cause.UNSENT_BYTES))
        self.tasks = RequestTasks(self.abort)
        self.idle = True
        self.closing = False
        self.due = inf
        self._edge = edge
        self._watch = watch
        self._protocol: Http1 | Http2 = Http1(self, edge)
        self._task: asyncio.Task[None] | None = None
        self._draining = False
        self._head_begun = False
        self._unsent = Unsent(edge.bounds.send_timeout_s)
        self._lingering = Lingering()

    async def serve(self, sock: socket.socket) -> None:
        """Serve the client at the other end of ``sock``, to the end."""
        self._task = asyncio.current_task()
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: self.wire, sock)
        except OSError:  # it has left already
            self.account.close()
            sock.close()
            return
        try:
            self.expect_within(self._edge.bounds.header_timeout_s)
            await self._converse()
        except Exception:
            logger.exception("a connection failed")
            self.abort()
        finally:
            self.wire.close()
            await self.wire.gone()
            self._let_go()

    def write(self, data: bytes) -> None:
        """Send ``data`` after all that was written before."""
        self._unsent.add(len(data))
        self.wire.write(data)
        self.account.note_transport(self.wire.unsent_bytes)

    def flush(self, h2: H2Connection) -> bool:
        """Send the frames that ``h2`` has ready; whether there were any."""
        data = h2.data_to_send()
        if data:
            self.write(data)
        return bool(data)

    @property
    def is_writable(self) -> bool:
        """Whether the client reads, as far as can be seen from here."""
        return self.wire.is_writable

    async def drain(self) -> None:
        """Wait while the client leaves too much unread."""
        await self.wire.drain()

    async def send(self, event: Event) -> None:
        """What Hypercorn's protocols call to send, to close, and to say whether a request is in progress."""
        if isinstance(event, RawData):
            self.write(event.data)
            await self.wire.drain()
        elif isinstance(event, Closed):
            self.close()
        elif isinstance(event, Updated):
            self.mark(idle=event.idle)

    def close(self) -> None:
        """Send the end, and read on for a moment."""
        if self.closing:
            return
        self.closing = True
        self.due = self._lingering.begin(monotonic())
        self.wire.finish()

    def abort(self) -> None:
        """End now, whatever is in progress."""
        self.closing = True
        self.tasks.cancel()
        self.wire.abort()
        self._let_go()
        if self._task is not None:  # it may be waiting for a request that is called off
            self._task.cancel()

    @property
    def needs_checking(self) -> bool:
        """Whether `check` has something to look at before ``due``."""
        return self._unsent.pending

    def begin_drain(self) -> None:
        """Let no more requests follow than those that are on their way."""
        if not self._draining:
            self._draining = True
            self._protocol.begin_drain()
            is_single = isinstance(self._protocol, Http1)
            if not self.closing and not self._head_begun and (self.idle or not is_single):
                self.due = min(self.due, monotonic() + self._edge.notice_s)

    def check(self, now: float) -> None:
        """See to whatever has taken too long."""
        self.account.note_transport(self.wire.unsent_bytes)
        if self._unsent.pending and self._unsent.lies(self.wire.unsent_bytes, now):
            self._cut(Cause.SLOW_READER)
        elif now >= self.due:
            self._overdue(now)

    async def _converse(self) -> None:
        while data := await self.wire.read():
            if self.closing:
                self.due = self._lingering.go_on(len(data), monotonic())
            else:
                await self._receive(data)
        if not self.closing:
            await self._protocol.handle(RawData(b""))
        if self.wire.lost or self.closing or isinstance(self._protocol, Http2):
            await self._protocol.handle(Closed())
        await self.tasks.finished()

    async def _receive(self, data: bytes) -> None:
        try:
            await self._protocol.handle(RawData(data))
        except H2ProtocolAssumedError as assumed:
            self._protocol = Http2(self, self._edge)
            self.mark(idle=True)
            self.expect_within(self._edge.bounds.header_timeout_s)
            await self._protocol.initiate()
            if self._draining:
                self._protocol.begin_drain()
            await self._protocol.handle(RawData(assumed.data))
        if self.idle and not self.closing and not self._head_begun and self._protocol.reads_head:
            self._head_begun = True
            self.due = monotonic() + self._edge.bounds.header_timeout_s

    def mark(self, *, idle: bool) -> None:
        """Note whether a request is in progress."""
        if self.closing or idle == self.idle:
            return
        self.idle = idle
        self._head_begun = False
        if idle:
            self.expect_within(self._edge.notice_s if self._draining else self._edge.bounds.keep_alive_timeout_s)
            self._watch.on_idle(self)
        else:
            is_single = isinstance(self._protocol, Http1)
            self.due = monotonic() + (self._edge.bounds.request_timeout_s if is_single else _TICK_S)
            self._watch.on_busy(self)

    def expect_within(self, seconds: float) -> None:
        """Look whether something is overdue after so long."""
        self.due = monotonic() + seconds

    def _overdue(self, now: float) -> None:
        if self.closing:
            if self.wire.unsent_bytes:  # our last word is not out yet
                self.due = self._lingering.begin(now)
            else:
                self.abort()
        elif not self.idle:
            self.due = now + _TICK_S
            cause = self._protocol.overdue(now)
            if cause is not None:
                self._cut(cause)
        elif not self.wire.has_unread:  # or a request has just come, which is about to be looked at
            self._protocol.rest_is_over()

    def _let_go(self) -> None:
        """Free what responses take in memory."""
        self.account.close()
        if isinstance(self._protocol, Http2):
            self._protocol.dispose()

    def _on_writable(self) -> None:
        self.account.note_progress()
        self.account.note_transport(self.wire.unsent_bytes)
        if isinstance(self._protocol, Http2):
            self._protocol.on_writable()

    def _cut(self, cause: Cause) -> None:
        self._edge.telemetry.refused(cause)
        self.abort()
