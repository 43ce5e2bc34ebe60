"""HTTP/2 on one connection: requests are received, bounded, and answered each on its own stream."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any

from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.events import Event as H2Event
from h2.exceptions import DenialOfServiceError, ProtocolError
from h2.settings import SettingCodes
from hypercorn.events import Closed, Event, RawData
from loguru import logger
from service_kit.http2 import GracefulGoAway, Http2ServerConnection, StreamFault

from gateway.server.connection import ClientConnection
from gateway.server.edge import Edge
from gateway.server.flood_guard import FloodGuard
from gateway.server.http2_exchange import Exchange
from gateway.server.refusals import Refusal
from gateway.server.request_rules import http2_request
from gateway.server.response_bodies import ResponseBodies
from gateway.server.telemetry import Cause

#: Received bytes are handled in slices, between which all other tasks get their turn: small slices while they contain
#: many frames, for 512 bytes of the smallest frames take a millisecond, and larger ones for bodies.
_SMALL_SLICE_BYTES = 512
_LARGE_SLICE_BYTES = 4096
_MANY_EVENTS = 16


class Http2:
    """Receives the requests of one client, and sends the responses.

    There is no CONNECT, no WebSockets (RFC 8441), and no priorities (RFC 9113 has deprecated them). At most twice as
    many applications run as streams are allowed, however many requests the client has cancelled.

    Attributes:
        client: The connection.
        edge: What all connections share.
        bodies: Those of the responses.
    """

    is_multiplexed = True
    #: The flood guard bounds the size of header fields, and the idle timeout their time.
    is_reading_head = False

    def __init__(self, client: ClientConnection, edge: Edge) -> None:
        self.client = client
        self.edge = edge
        self._h2 = _h2_connection(edge)
        self.bodies = ResponseBodies(client, self._h2, self._on_sent)
        self._guard = FloodGuard(edge.bounds, monotonic())
        self._goaway = GracefulGoAway(lambda frame: client.write(self._h2.data_to_send() + frame))
        self._exchanges: dict[int, Exchange] = {}
        self._slice_bytes = _SMALL_SLICE_BYTES
        self._max_streams = edge.bounds.http2_max_streams
        self._requests = 0
        self._handlers: dict[type[H2Event], Callable[[Any], Awaitable[None]]] = {
            RequestReceived: self._request_received,
            DataReceived: self._data_received,
            StreamEnded: self._stream_ended,
            StreamReset: self._stream_reset,
            StreamFault: self._stream_fault,
            WindowUpdated: self._window_updated,
            RemoteSettingsChanged: self._settings_changed,
            ConnectionTerminated: self._terminated,
        }
        self._closed = False

    def begin_drain(self) -> None:
        """Asks the client for a new connection."""
        self._goaway.begin(self.edge.notice_s)

    def on_idle_timeout(self) -> None:
        """Ends a connection that has been idle."""
        self._goaway.finish()
        self.client.close()

    def check_timeouts(self, now: float) -> Cause | None:
        """Returns why the connection has to be aborted: a request, or the client, takes too long."""
        self._goaway.finish_if_due(now)
        oldest = next(iter(self._exchanges.values()), None)
        if oldest is not None and now - oldest.began_at > self.edge.bounds.request_timeout_s:
            return Cause.REQUEST_TIMEOUT
        return Cause.SLOW_READER if self.bodies.is_stalled(now, self.edge.bounds.send_timeout_s) else None

    def on_writable(self) -> None:
        """Continues to send, since there is room again for more output."""
        self.bodies.schedule()

    async def initiate(self) -> None:
        """Sends the settings."""
        self.client.flush(self._h2)

    async def handle(self, event: Event) -> None:
        """Handles received bytes, in slices, or the end of the connection, after which no application waits for it."""
        if isinstance(event, Closed):
            self._closed = True
            self.bodies.drop_all()
            for exchange in tuple(self._exchanges.values()):
                await exchange.disconnect()
            self._exchanges.clear()
        elif isinstance(event, RawData):
            start = 0
            while start < len(event.data) and not self._closed:
                if start:
                    await asyncio.sleep(0)
                end = start + self._slice_bytes
                await self._receive(event.data[start:end])
                start = end

    def dispose(self) -> None:
        """Frees the memory of requests and responses, however the connection has ended."""
        self._closed = True
        self.bodies.drop_all()
        self._exchanges.clear()
        self._handlers.clear()
        self._h2.dispose()

    def send_head(self, stream_id: int, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Sends the header section of a response, together with what follows at once."""
        fields = [(b":status", b"%d" % status), *headers, *self.edge.config.response_headers()]
        try:
            self._h2.send_headers(stream_id, fields)
        except ProtocolError:  # the client has cancelled the request
            return
        self.bodies.schedule()

    def acknowledge(self, size: int, stream_id: int) -> None:
        """Reopens the client's flow-control windows by the size of a piece of a request's body that was read."""
        self._h2.acknowledge_received_data(size, stream_id)
        self.bodies.schedule()

    def abort_response(self, stream_id: int) -> None:
        """Resets a stream whose application has failed in the middle of its response."""
        if self._exchanges.pop(stream_id, None) is not None:
            self.bodies.drop(stream_id)
            self._reset(stream_id, ErrorCodes.INTERNAL_ERROR)
            self._on_exchange_ended()

    async def _receive(self, data: bytes) -> None:
        try:
            events = self._h2.receive_data(data)
            is_crowded = len(events) >= _MANY_EVENTS
            self._slice_bytes = _SMALL_SLICE_BYTES if is_crowded else min(2 * self._slice_bytes, _LARGE_SLICE_BYTES)
        except ProtocolError as error:
            is_flood = isinstance(error, DenialOfServiceError)
            self.edge.telemetry.refused(Cause.HTTP2_HEADERS if is_flood else Cause.HTTP2_PROTOCOL)
            await self._end()
            return
        cause = self._guard.judge(len(data), events, monotonic(), self.bodies.sent_bytes, self._exchanges)
        if cause is None:
            await self._handle_events(events)
        else:
            await self._end_flood(cause)

    async def _end_flood(self, cause: Cause) -> None:
        """Ends the connection of a client that floods it."""
        self._h2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
        self.client.tasks.cancel()
        self.edge.telemetry.refused(cause)
        await self._end()

    async def _end(self) -> None:
        self.client.flush(self._h2)
        self.client.close()
        await self.handle(Closed())

    async def _handle_events(self, events: Sequence[H2Event]) -> None:
        cancelled = {event.stream_id for event in events if isinstance(event, StreamReset)}
        for event in events:
            handler = self._handlers.get(type(event))
            if handler is None or (isinstance(event, RequestReceived) and event.stream_id in cancelled):
                continue
            await handler(event)
            if self._closed:
                return
        if self.client.flush(self._h2):
            # Nothing more is read from a client that does not read the server's frames.
            await self.client.drain()

    async def _request_received(self, event: RequestReceived) -> None:
        stream_id = event.stream_id
        crowded = len(self._exchanges) >= self._max_streams or self.client.tasks.running >= 2 * self._max_streams
        if self._goaway.is_final or crowded:
            # Nothing was done for the request, so the client may retry it (RFC 9113, 8.7).
            self._reset(stream_id, ErrorCodes.REFUSED_STREAM)
            if (cause := self._guard.refused(monotonic())) is not None:
                await self._end_flood(cause)
            return
        self._goaway.last_accepted = stream_id
        exchange = self._exchanges[stream_id] = Exchange(self, stream_id, uploading=event.stream_ended is None)
        self.bodies.open(stream_id)
        if self._closed:  # the memory of the request has exceeded a budget, which has aborted this connection
            return
        self.client.set_idle(idle=False)
        fields = event.headers or []
        try:
            method, path, headers = http2_request(fields)
        except Refusal as refusal:
            exchange.refuse(refusal, is_head=(b":method", b"HEAD") in fields)
            return
        await exchange.begin(method, path, headers)
        self._requests += 1
        if self._requests >= self.edge.bounds.max_requests_per_connection:
            self.client.begin_drain()

    async def _data_received(self, event: DataReceived) -> None:
        exchange, data = self._exchanges.get(event.stream_id), event.data or b""
        unread_bytes = event.flow_controlled_length
        if exchange is not None and await exchange.receive(data):
            unread_bytes -= len(data)  # the application acknowledges that as it reads
        # Padding, and the rest of a request whose response was sent before it was complete, take the connection's
        # window, which all streams share.
        if unread_bytes:
            self._h2.acknowledge_received_data(unread_bytes, event.stream_id)

    async def _stream_ended(self, event: StreamEnded) -> None:
        exchange = self._exchanges.get(event.stream_id)
        if exchange is not None:
            await exchange.receive_end()

    async def _stream_fault(self, event: StreamFault) -> None:
        self.edge.telemetry.refused(Cause.HTTP2_STREAM)
        logger.bind(client_address=self.client.address, reason=event.reason).info("http2 stream reset for its fault")
        await self._stream_reset(event)

    async def _stream_reset(self, event: StreamReset) -> None:
        exchange = self._exchanges.pop(event.stream_id, None)
        if exchange is not None:
            self.bodies.drop(event.stream_id)
            await exchange.disconnect()
            self._on_exchange_ended()

    async def _window_updated(self, event: WindowUpdated) -> None:
        self.bodies.window_updated(event.stream_id)

    async def _settings_changed(self, event: RemoteSettingsChanged) -> None:
        if SettingCodes.INITIAL_WINDOW_SIZE in event.changed_settings:
            self.bodies.window_updated(None)

    async def _terminated(self, event: ConnectionTerminated) -> None:
        if event.error_code != ErrorCodes.NO_ERROR:
            await self._end()
            return
        # The client sends no further request, but waits for the responses in progress.
        self._goaway.is_final = True
        self._on_exchange_ended()

    def _on_sent(self, stream_id: int) -> None:
        """Ends an exchange whose response was sent."""
        exchange = self._exchanges.pop(stream_id, None)
        if exchange is not None:
            if exchange.uploading:  # the client need not send the rest (RFC 9113, 8.1)
                self._reset(stream_id, ErrorCodes.NO_ERROR)
                self._guard.cut_short()
            self._guard.answered()
            self._on_exchange_ended()

    def _on_exchange_ended(self) -> None:
        self.client.set_idle(idle=not self._exchanges)
        if self._goaway.is_final and not self._exchanges:
            self.client.flush(self._h2)
            self.client.close()

    def _reset(self, stream_id: int, code: ErrorCodes) -> None:
        try:
            self._h2.reset_stream(stream_id, code)
        except ProtocolError:  # the stream is closed already
            return
        self.bodies.schedule()


def _h2_connection(edge: Edge) -> Http2ServerConnection:
    h2 = Http2ServerConnection()
    max_header_list_bytes = edge.config.h2_max_header_list_size
    h2.begin(
        {
            SettingCodes.MAX_CONCURRENT_STREAMS: edge.bounds.http2_max_streams,
            SettingCodes.MAX_HEADER_LIST_SIZE: max_header_list_bytes,
        },
        max_header_list_bytes=max_header_list_bytes,
    )
    return h2
