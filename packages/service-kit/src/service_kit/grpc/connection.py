"""A client's connection to a server: bounded in what it may send, and ended so that the client can tell what was done.

grpclib takes whatever HTTP/2 allows, closes without a word, and breaks off over a frame that it does not know.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from functools import partial
from typing import Any, cast

from grpclib.config import Configuration
from grpclib.protocol import EventsProcessor, H2Protocol
from h2.config import H2Configuration
from h2.connection import ConnectionState
from h2.errors import ErrorCodes
from h2.events import (
    AlternativeServiceAvailable,
    ConnectionTerminated,
    RequestReceived,
    TrailersReceived,
    UnknownFrameReceived,
)
from loguru import logger

from service_kit.grpc.acceptance import CallHandler
from service_kit.grpc.call_stream import CallConnection
from service_kit.grpc.corked_protocol import CorkedTransport
from service_kit.grpc.frame_budget import FrameBudget
from service_kit.grpc.http2 import h2_connection
from service_kit.grpc.limits import ServerLimits
from service_kit.grpc.open_connections import OpenConnections
from service_kit.grpc.receive_budget import ReceiveBudget
from service_kit.http2 import LateData, StreamFault

#: What is read without looking up: a flood is noticed after some 20 ms.
_SLICE_BYTES = 16 * 1024
#: A client that lets more than this lie (bytes) does not read.
_MAX_UNREAD_BYTES = 8 * 1024 * 1024
#: How long a client may take to say anything in HTTP/2, and to close its side once it has been told to (seconds).
_GREETING_WITHIN_S = 10.0
_GOODBYE_WITHIN_S = 1.0

#: A client that has vanished is noticed by this, where a call without an end would otherwise keep its connection.
KEEPALIVE = Configuration(
    _keepalive_time=60,
    _keepalive_timeout=20,
    _http2_max_pings_without_data=0,
    _http2_min_sent_ping_interval_without_data=60,
)


class ServerConnection(H2Protocol):
    """grpclib's protocol with limits."""

    handler: CallHandler

    def __init__(
        self,
        handler: CallHandler,
        config: Configuration,
        *,
        limits: ServerLimits,
        connections: OpenConnections,
        receive_budget: ReceiveBudget,
    ) -> None:
        super().__init__(handler, config, H2Configuration(client_side=False))
        self._limits = limits
        self._connections = connections
        self._receive_budget = receive_budget
        self._budget = FrameBudget()
        self._greeted = self._deaf = self._said_goodbye = False
        self._sent_bytes = 0
        self._made_at = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = CorkedTransport(cast("asyncio.Transport", transport))
        self._h2 = h2_connection(self._limits)
        self.connection = CallConnection(
            self._h2, self._transport, config=self.config, receive_budget=self._receive_budget
        )
        self.connection.flush()
        self.connection.initialize()
        self.processor = EventsProcessor(self.handler, self.connection)
        # RFC 9113 section 5.5: what is unknown is ignored.
        self.processor.processors |= {
            UnknownFrameReceived: _ignore,
            AlternativeServiceAvailable: _ignore,
            LateData: _ignore,
            StreamFault: self._process_fault,
            ConnectionTerminated: self._process_goodbye,
        }
        first_look_s = min(_GREETING_WITHIN_S, self._limits.idle_connection_s)
        self._timer = asyncio.get_running_loop().call_later(first_look_s, self._look_after)
        self.handler.on_busy = partial(self._connections.shares.on_busy, self)
        self.handler.on_idle = partial(self._connections.shares.on_idle, self)
        peer = transport.get_extra_info("peername")
        if not self._connections.add(self, str(peer[0]) if peer else ""):
            self.leave(ErrorCodes.ENHANCE_YOUR_CALM)

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), _SLICE_BYTES):
            if self._deaf or self._transport.is_closing():
                return
            self._digest(data[start : start + _SLICE_BYTES])

    def connection_lost(self, exc: BaseException | None) -> None:
        self._timer.cancel()
        self._connections.discard(self)
        super().connection_lost(exc)

    def stop_hearing(self) -> None:
        """Take no notice of what the client says from here on: whatever call it begins is not begun here."""
        self._deaf = True

    def leave(self, code: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
        """Say goodbye, and which call was the last that was begun; the client closes the connection.

        Calls in progress get no answer any more.
        """
        if self._h2.state_machine.state is not ConnectionState.CLOSED:
            self._h2.close_connection(code)
        if self._said_goodbye or self._transport.is_closing():
            return
        # What still comes is read and dropped: left unread, it would have the system reset the connection, goodbye
        # and all.
        self._deaf = self._said_goodbye = True
        self.connection.flush()
        with contextlib.suppress(OSError):  # it has left already, and nobody has noticed yet
            self._transport.write_eof()
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_GOODBYE_WITHIN_S, self._transport.close)

    def abort(self) -> None:
        """Close the connection now."""
        self._transport.abort()

    def _digest(self, data: bytes) -> None:
        accepted, abandoned = self.handler.accepted, self.handler.abandoned
        sent_bytes, self._sent_bytes = self.connection.data_sent - self._sent_bytes, self.connection.data_sent
        try:
            events = self._h2.receive_data(data)
        except Exception as exc:  # a fault of framing or of HPACK, or bytes that h2 has no answer to
            self._break_off(type(exc).__name__)
            return
        self._greeted = True
        self.connection.flush()
        for event in events:
            if isinstance(event, RequestReceived | TrailersReceived):
                # Any byte is a letter of latin-1; who reads a header knows what to expect.
                event.headers = _decoded(event.headers or ())
            self.processor.process(event)
        if self._transport.is_closing():
            return
        self.connection.flush()
        accepted, abandoned = self.handler.accepted - accepted, self.handler.abandoned - abandoned
        if not self._budget.spend(
            len(events), accepted=accepted, abandoned=abandoned, size_bytes=len(data) + sent_bytes
        ):
            self._break_off("flood", ErrorCodes.ENHANCE_YOUR_CALM)
        elif self._transport.get_write_buffer_size() > _MAX_UNREAD_BYTES:
            self._break_off("unread")
            self.abort()

    def _process_fault(self, event: StreamFault) -> None:
        logger.bind(reason=event.reason).info("call reset for its fault")
        # A reset that the client provokes costs as much as its own (CVE-2025-8671).
        self.handler.abandoned += 1
        self.processor.process_stream_reset(event)

    def _process_goodbye(self, event: ConnectionTerminated) -> None:
        """The client begins no further call; those in progress are answered, unless it has found an error."""
        if event.error_code != ErrorCodes.NO_ERROR:
            self.processor.process_connection_terminated(event)

    def _break_off(self, cause: str, code: ErrorCodes = ErrorCodes.PROTOCOL_ERROR) -> None:
        self._connections.broken_off(cause)
        logger.bind(cause=cause).info("connection broken off")
        self.handler.close()
        self.leave(code)

    def _look_after(self) -> None:
        """Ends the connection if it is idle; else looks again when it may be."""
        idle_s = time.monotonic() - (self.connection.last_stream_created or self._made_at)
        left_s = self._limits.idle_connection_s - idle_s
        if not self._greeted or (left_s <= 0 and not self.processor.streams):
            self.leave()
            return
        wait_s = left_s if left_s > 0 else self._limits.idle_connection_s
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._look_after)


def _decoded(fields: Iterable[tuple[Any, Any]]) -> list[Any]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]


def _ignore(_event: Any) -> None:
    return
