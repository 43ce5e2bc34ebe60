"""HTTP/2 on one connection: requests come in, are bounded, and are answered each on its own stream."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

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
from h2.settings import SettingCodes, Settings
from hypercorn.events import Closed, Event, RawData
from loguru import logger
from service_kit.http2 import Http2ServerConnection, StreamFault

from gateway.server.edge import Edge
from gateway.server.farewell import Farewell
from gateway.server.flood_guard import FloodGuard
from gateway.server.http2_exchange import Exchange
from gateway.server.http2_request import http2_request
from gateway.server.refusals import Refusal
from gateway.server.response_bodies import ResponseBodies
from gateway.server.telemetry import Cause

if TYPE_CHECKING:
    from gateway.server.connection import Connection

# What has come is taken in slices, between which all others get their turn: small ones where many frames are in them,
# for 512 bytes of the smallest take a millisecond, and larger ones for bodies.
_SMALL_SLICE_BYTES = 512
_LARGE_SLICE_BYTES = 4096
_MANY_EVENTS = 16
#: How many requests more than allowed h2 lets in, each of which is refused by itself: a client may have sent them
#: before it has read how many are allowed (RFC 9113, 5.1.2). More than a slice can bring.
_SPARE_STREAMS = 1000


class Http2:
    """Takes one client's requests, and sends the responses.

    No CONNECT, no WebSockets (RFC 8441), no priorities (RFC 9113 has given them up). At most twice as many applications
    run as streams are allowed, however many the client has called off.

    edge, client: what all connections have in common, and the connection that this is on. bodies: of its responses.
    """

    def __init__(self, client: "Connection", edge: Edge) -> None:
        self.client = client
        self.edge = edge
        self._h2 = _h2_connection(edge)
        self.bodies = ResponseBodies(client, self._h2, self._sent)
        self._guard = FloodGuard(edge.bounds, monotonic())
        self._farewell = Farewell(lambda frame: client.write(self._h2.data_to_send() + frame))
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

    @property
    def reads_head(self) -> bool:
        """Never to be waited for on its own: the guard bounds its size, and idleness the time."""
        return False

    def begin_drain(self) -> None:
        """Ask the client for a new connection."""
        self._farewell.begin(self.edge.notice_s)

    def rest_is_over(self) -> None:
        """End a connection that has been idle."""
        self._farewell.finish()
        self.client.close()

    def overdue(self, now: float) -> Cause | None:
        """Why the connection has to be cut off: a request, or the client, takes too long."""
        self._farewell.finish_if_due(now)
        oldest = next(iter(self._exchanges.values()), None)
        if oldest is not None and now - oldest.began_at > self.edge.bounds.request_timeout_s:
            return Cause.REQUEST_TIMEOUT
        return Cause.SLOW_READER if self.bodies.is_stalled(now, self.edge.bounds.send_timeout_s) else None

    def on_writable(self) -> None:
        """The transport has room again."""
        self.bodies.schedule()

    async def initiate(self) -> None:
        """Say what is allowed."""
        self.client.flush(self._h2)

    async def handle(self, event: Event) -> None:
        """Take what has come, in slices; or that nothing more will, so that nothing waits for room any more."""
        if isinstance(event, Closed):
            self._closed = True
            self.bodies.drop_all()
            for exchange in tuple(self._exchanges.values()):
                await exchange.leave()
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
        """Let go of what responses hold, however the connection has ended."""
        self._closed = True
        self.bodies.drop_all()
        self._exchanges.clear()
        self._handlers.clear()
        self._h2.dispose()

    def send_head(self, stream_id: int, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Send the header section of a response; it goes out together with what follows at once."""
        fields = [(b":status", b"%d" % status), *headers, *self.edge.config.response_headers("h2")]
        try:
            self._h2.send_headers(stream_id, fields)
        except ProtocolError:  # the client has called it off
            return
        self.bodies.schedule()

    def acknowledge(self, size: int, stream_id: int) -> None:
        """Give the client its windows back for so much of a request's body."""
        self._h2.acknowledge_received_data(size, stream_id)
        self.bodies.schedule()

    def break_off(self, stream_id: int) -> None:
        """The application has failed in the middle of its response, which only a reset can tell."""
        if self._exchanges.pop(stream_id, None) is not None:
            self.bodies.drop(stream_id)
            self._reset(stream_id, ErrorCodes.INTERNAL_ERROR)
            self._ended()

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
            await self._give_up(cause)

    async def _give_up(self, cause: Cause) -> None:
        """End the connection of a client that floods it."""
        self._h2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
        self.client.tasks.cancel()
        self.edge.telemetry.refused(cause)
        await self._end()

    async def _end(self) -> None:
        self.client.flush(self._h2)
        self.client.close()
        await self.handle(Closed())

    async def _handle_events(self, events: Sequence[H2Event]) -> None:
        called_off = {event.stream_id for event in events if isinstance(event, StreamReset)}
        for event in events:
            handler = self._handlers.get(type(event))
            if handler is None or (isinstance(event, RequestReceived) and event.stream_id in called_off):
                continue
            await handler(event)
            if self._closed:
                return
        if self.client.flush(self._h2):
            # A client that lets our frames lie has no more of its own looked at.
            await self.client.drain()

    async def _request_received(self, event: RequestReceived) -> None:
        stream_id = event.stream_id
        crowded = len(self._exchanges) >= self._max_streams or self.client.tasks.running >= 2 * self._max_streams
        if self._farewell.is_final or crowded:
            # Nothing has been done for it, and the client may send it again (RFC 9113, 8.7).
            self._reset(stream_id, ErrorCodes.REFUSED_STREAM)
            if (cause := self._guard.refused(monotonic())) is not None:
                await self._give_up(cause)
            return
        self._farewell.last_taken = stream_id
        exchange = self._exchanges[stream_id] = Exchange(self, stream_id, uploading=event.stream_ended is None)
        self.bodies.open(stream_id)
        if self._closed:  # to make room for it, this connection has been cut off
            return
        self.client.mark(idle=False)
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
        padding = event.flow_controlled_length
        if exchange is not None and await exchange.receive(data):
            padding -= len(data)  # the application gives that back as it reads
        # After a response that did not wait for it, the rest is read by none; but the connection's window is shared.
        if padding:
            self._h2.acknowledge_received_data(padding, event.stream_id)

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
            await exchange.leave()
            self._ended()

    async def _window_updated(self, event: WindowUpdated) -> None:
        self.bodies.window_updated(event.stream_id)

    async def _settings_changed(self, event: RemoteSettingsChanged) -> None:
        if SettingCodes.INITIAL_WINDOW_SIZE in event.changed_settings:
            self.bodies.window_updated(None)

    async def _terminated(self, event: ConnectionTerminated) -> None:
        if event.error_code != ErrorCodes.NO_ERROR:
            await self._end()
            return
        # The client will ask for nothing more, but waits for what it has asked for.
        self._farewell.is_final = True
        self._ended()

    def _sent(self, stream_id: int) -> None:
        """A response has been sent."""
        exchange = self._exchanges.pop(stream_id, None)
        if exchange is not None:
            if exchange.uploading:  # the client need not send the rest (RFC 9113, 8.1)
                self._reset(stream_id, ErrorCodes.NO_ERROR)
                self._guard.cut_short()
            self._guard.answered()
            self._ended()

    def _ended(self) -> None:
        self.client.mark(idle=not self._exchanges)
        if self._farewell.is_final and not self._exchanges:
            self.client.flush(self._h2)
            self.client.close()

    def _reset(self, stream_id: int, code: ErrorCodes) -> None:
        try:
            self._h2.reset_stream(stream_id, code)
        except ProtocolError:  # it is closed already
            return
        self.bodies.schedule()


def _h2_connection(edge: Edge) -> Http2ServerConnection:
    h2 = Http2ServerConnection()
    streams, largest = edge.bounds.http2_max_streams, edge.config.h2_max_header_list_size
    said = {SettingCodes.MAX_CONCURRENT_STREAMS: streams, SettingCodes.MAX_HEADER_LIST_SIZE: largest}
    h2.local_settings = Settings(client=False, initial_values=said)
    h2.initiate_connection()
    kept = said | {SettingCodes.MAX_CONCURRENT_STREAMS: streams + _SPARE_STREAMS}
    h2.local_settings = Settings(client=False, initial_values=kept)
    h2.decoder.max_header_list_size = largest
    return h2
