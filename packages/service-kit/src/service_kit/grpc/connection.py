"""A client's connection to a gRPC server: bounds what the client may send, and ends with a graceful GOAWAY.

grpclib accepts everything that HTTP/2 allows, closes without GOAWAY, and ends a connection over an unknown frame.
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
from h2.settings import SettingCodes
from loguru import logger

from service_kit.grpc.call_handler import CallHandler
from service_kit.grpc.call_stream import CallConnection
from service_kit.grpc.corked_protocol import CorkedTransport
from service_kit.grpc.grpclib_adapter import keepalive
from service_kit.grpc.limits import ServerLimits
from service_kit.grpc.open_connections import OpenConnections
from service_kit.grpc.receive_budget import ReceiveBudget
from service_kit.http2 import Http2ServerConnection, LateData, StreamFault, TokenBucket

#: So much is handled at once, so that a flood is noticed after some 20 ms.
_SLICE_BYTES = 16 * 1024
#: A client that leaves more output than this unread is disconnected.
_MAX_UNREAD_BYTES = 8 * 1024 * 1024
#: How long a client may take to send anything in HTTP/2, and to close its side after GOAWAY.
_FIRST_FRAME_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 1.0

#: What may be on its way before a handler has asked for it: of one message, and on one connection. A message that is
#: refused costs no more than that, and a larger one arrives in several turns.
_STREAM_WINDOW_BYTES = 256 * 1024
_CONNECTION_WINDOW_BYTES = 1024 * 1024
#: The initial window of a connection (RFC 9113, 6.9.2).
_INITIAL_WINDOW_BYTES = 65535
#: Beyond this a header list ends the connection and not only its call, because parsing it is what costs.
_HEADER_BYTES_FACTOR = 4

#: A vanished client is noticed by this; otherwise a call without an end would keep its connection open.
KEEPALIVE = keepalive(60, 20, min_interval_s=60, max_without_data=0)


class FrameBudget:
    """Flood protection: a token bucket of frames, which calls and bytes pay for.

    Pings, settings and the like cost a client little, and the server a little more.
    """

    _FRAMES_PER_10_S = 2000
    #: Frames that come with a call: its headers and message, acknowledgements of the response, a reset.
    _PER_CALL = 16
    #: A message of many frames pays for them by its size.
    _BYTES_PER_FRAME = 256
    #: What a call costs that is reset before a handler runs: more than it brings (CVE-2023-44487).
    _PER_ABANDONED_CALL = 20

    def __init__(self) -> None:
        self._bucket = TokenBucket(self._FRAMES_PER_10_S, time.monotonic())

    def spend(self, frames: int, *, accepted: int, abandoned: int, size_bytes: int) -> bool:
        """Pays for frames.

        Args:
            frames: How many were received.
            accepted: How many calls they have begun.
            abandoned: How many calls they have reset before a handler ran.
            size_bytes: Of the frames, and of what was sent since the last of them: a client acknowledges with frames
                what it reads.

        Returns:
            False if the budget is overdrawn.
        """
        earned = accepted * self._PER_CALL + size_bytes / self._BYTES_PER_FRAME
        return self._bucket.spend(time.monotonic(), frames + abandoned * self._PER_ABANDONED_CALL - earned)


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
        self._has_received = self._ignores_input = self._goaway_sent = False
        self._sent_bytes = 0
        self._made_at = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = CorkedTransport(cast("asyncio.Transport", transport))
        self._h2 = _h2_connection(self._limits)
        self.connection = CallConnection(
            self._h2, self._transport, config=self.config, receive_budget=self._receive_budget
        )
        self.connection.flush()
        self.connection.initialize()
        self.processor = EventsProcessor(self.handler, self.connection)
        # Unknown frames are ignored (RFC 9113, 5.5).
        self.processor.processors |= {
            UnknownFrameReceived: _ignore,
            AlternativeServiceAvailable: _ignore,
            LateData: _ignore,
            StreamFault: self._process_fault,
            ConnectionTerminated: self._process_goaway,
        }
        first_check_s = min(_FIRST_FRAME_TIMEOUT_S, self._limits.idle_connection_s)
        self._timer = asyncio.get_running_loop().call_later(first_check_s, self._check_idle)
        self.handler.on_busy = partial(self._connections.shares.on_busy, self)
        self.handler.on_idle = partial(self._connections.shares.on_idle, self)
        peer = transport.get_extra_info("peername")
        if not self._connections.add(self, str(peer[0]) if peer else ""):
            self.close_gracefully(ErrorCodes.ENHANCE_YOUR_CALM)

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), _SLICE_BYTES):
            if self._ignores_input or self._transport.is_closing():
                return
            self._receive(data[start : start + _SLICE_BYTES])

    def connection_lost(self, exc: BaseException | None) -> None:
        self._timer.cancel()
        self._connections.discard(self)
        super().connection_lost(exc)

    def stop_receiving(self) -> None:
        """Ignores everything that the client sends from now on: no further call begins."""
        self._ignores_input = True

    def close_gracefully(self, code: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
        """Sends GOAWAY with the last call that was begun; the client closes the connection.

        Calls in progress get no response any more.
        """
        if self._h2.state_machine.state is not ConnectionState.CLOSED:
            self._h2.close_connection(code)
        if self._goaway_sent or self._transport.is_closing():
            return
        # What still arrives is read and dropped. Unread, it would make the kernel reset the connection, and GOAWAY
        # could get lost.
        self._ignores_input = self._goaway_sent = True
        self.connection.flush()
        with contextlib.suppress(OSError):  # the client has left, which the event loop has not reported yet
            self._transport.write_eof()
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_CLOSE_TIMEOUT_S, self._transport.close)

    def abort(self) -> None:
        """Closes the connection now."""
        self._transport.abort()

    def _receive(self, data: bytes) -> None:
        accepted, abandoned = self.handler.accepted, self.handler.abandoned
        sent_bytes, self._sent_bytes = self.connection.data_sent - self._sent_bytes, self.connection.data_sent
        try:
            events = self._h2.receive_data(data)
        except Exception as exc:  # a fault of framing or of HPACK, or an error of h2 over unexpected bytes
            self._end(type(exc).__name__)
            return
        self._has_received = True
        self.connection.flush()
        for event in events:
            if isinstance(event, RequestReceived | TrailersReceived):
                # latin-1 decodes every byte; the code that reads a header knows what to expect.
                event.headers = _decoded(event.headers or ())
            self.processor.process(event)
        if self._transport.is_closing():
            return
        self.connection.flush()
        accepted, abandoned = self.handler.accepted - accepted, self.handler.abandoned - abandoned
        if not self._budget.spend(
            len(events), accepted=accepted, abandoned=abandoned, size_bytes=len(data) + sent_bytes
        ):
            self._end("flood", ErrorCodes.ENHANCE_YOUR_CALM)
        elif self._transport.get_write_buffer_size() > _MAX_UNREAD_BYTES:
            self._end("unread")
            self.abort()

    def _process_fault(self, event: StreamFault) -> None:
        logger.bind(reason=event.reason).info("call reset for its fault")
        # A reset that the client provokes costs as much as one that it sends (CVE-2025-8671).
        self.handler.abandoned += 1
        self.processor.process_stream_reset(event)

    def _process_goaway(self, event: ConnectionTerminated) -> None:
        """Answers the calls in progress, unless the client has reported an error; it begins no further call."""
        if event.error_code != ErrorCodes.NO_ERROR:
            self.processor.process_connection_terminated(event)

    def _end(self, cause: str, code: ErrorCodes = ErrorCodes.PROTOCOL_ERROR) -> None:
        self._connections.count_ended(cause)
        logger.bind(cause=cause).info("grpc connection aborted")
        self.handler.close()
        self.close_gracefully(code)

    def _check_idle(self) -> None:
        """Closes the connection if it is idle; else checks again when it may be."""
        idle_s = time.monotonic() - (self.connection.last_stream_created or self._made_at)
        left_s = self._limits.idle_connection_s - idle_s
        if not self._has_received or (left_s <= 0 and not self.processor.streams):
            self.close_gracefully()
            return
        wait_s = left_s if left_s > 0 else self._limits.idle_connection_s
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._check_idle)


def _h2_connection(limits: ServerLimits) -> Http2ServerConnection:
    h2 = Http2ServerConnection(normalizes=False)
    h2.begin(
        {
            SettingCodes.MAX_CONCURRENT_STREAMS: limits.max_streams,
            SettingCodes.MAX_HEADER_LIST_SIZE: limits.max_header_bytes,
            SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW_BYTES,
        },
        max_header_list_bytes=_HEADER_BYTES_FACTOR * limits.max_header_bytes,
    )
    h2.increment_flow_control_window(_CONNECTION_WINDOW_BYTES - _INITIAL_WINDOW_BYTES)
    return h2


def _decoded(fields: Iterable[tuple[Any, Any]]) -> list[Any]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]


def _ignore(_event: Any) -> None:
    return
