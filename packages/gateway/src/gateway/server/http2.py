"""HTTP/2 on one connection: Hypercorn's protocol, guarded against floods, and with an end in good order."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

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
from h2.events import (
    Event as H2Event,
)
from h2.exceptions import DenialOfServiceError, ProtocolError
from h2.settings import SettingCodes
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Body, EndBody

from gateway.server.edge import Edge
from gateway.server.flood_guard import FloodGuard
from gateway.server.http2_responses import Http2Responses
from gateway.server.refusals import Refusal
from gateway.server.request_target import check_method, check_path
from gateway.server.telemetry import Cause

if TYPE_CHECKING:
    from gateway.server.connection import Connection

# What has come is taken in slices, between which all others get their turn: small ones where many frames are in them,
# for 512 bytes of the smallest take a millisecond, and larger ones for bodies.
_SMALL_SLICE_BYTES = 512
_LARGE_SLICE_BYTES = 4096
_MANY_EVENTS = 16


class Http2(Http2Responses):
    """Takes one client's requests.

    Beyond Hypercorn: no CONNECT; no more applications than streams are allowed, however many the client has called
    off; no request that is called off at once; no priorities, which RFC 9113 has given up.
    """

    def __init__(self, client: "Connection", edge: Edge) -> None:
        super().__init__(client, edge)
        self._guard = FloodGuard(edge.bounds, monotonic())
        self._slice_bytes = _SMALL_SLICE_BYTES
        # An application may end a moment after its stream.
        self._max_running = 2 * edge.bounds.http2_max_streams

    @property
    def reads_head(self) -> bool:
        """Never to be waited for on its own: the guard bounds its size, and idleness the time."""
        return False

    def begin_drain(self) -> None:
        """Ask the client for a new connection; what it sends until it hears of that is still answered."""
        self._farewell.begin(self._edge.notice_s)

    def rest_is_over(self) -> None:
        """End the connection, on which nothing is in progress."""
        self._farewell.finish()
        self._client.close()

    async def handle(self, event: Event) -> None:
        """Take what has come, in slices; or that nothing more will, so that nobody waits for room to send any more."""
        if not isinstance(event, RawData):
            await super().handle(event)
            for buffer in self.stream_buffers.values():
                await buffer.close()
            return
        start = 0
        while start < len(event.data) and not self.closed:
            if start:
                await asyncio.sleep(0)
            end = start + self._slice_bytes
            await self._receive(event.data[start:end])
            start = end

    async def _receive(self, data: bytes) -> None:
        try:
            events = self.connection.receive_data(data)
            is_crowded = len(events) >= _MANY_EVENTS
            self._slice_bytes = _SMALL_SLICE_BYTES if is_crowded else min(2 * self._slice_bytes, _LARGE_SLICE_BYTES)
            cause = self._guard.judge(len(data), events, monotonic())
            if cause is None:
                await self._handle_events(events)
                return
            self.connection.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
            self._client.tasks.cancel()
        except ProtocolError as error:
            cause = Cause.HTTP2_HEADERS if isinstance(error, DenialOfServiceError) else Cause.HTTP2_PROTOCOL
        self._edge.telemetry.refused(cause)
        await self._end()

    async def _end(self) -> None:
        await self._flush()
        self._client.close()
        await self.handle(Closed())

    async def _handle_events(self, events: Sequence[H2Event]) -> None:
        called_off = {event.stream_id for event in events if isinstance(event, StreamReset)}
        for event in events:
            if isinstance(event, RequestReceived):
                if event.stream_id not in called_off:
                    await self._request_received(event)
            elif isinstance(event, DataReceived):
                await self._data_received(event)
            elif isinstance(event, StreamEnded):
                await self._stream_ended(event.stream_id)
            elif isinstance(event, StreamReset):
                self._uploading.discard(event.stream_id)
                await self._stream_closed(event.stream_id)
            elif isinstance(event, WindowUpdated):
                await self._window_updated(event.stream_id)
            elif isinstance(event, RemoteSettingsChanged):
                if SettingCodes.INITIAL_WINDOW_SIZE in event.changed_settings:
                    await self._window_updated(None)
            elif isinstance(event, ConnectionTerminated):
                await self._end()
                return
        await self._flush()

    async def _request_received(self, event: RequestReceived) -> None:
        stream_id = event.stream_id
        if self._farewell.is_final or self._client.tasks.running >= self._max_running:
            # Nothing has been done for it, and the client may send it again elsewhere (RFC 9113, 8.7).
            self._reset(stream_id, ErrorCodes.REFUSED_STREAM)
            return
        self._farewell.last_taken = stream_id
        if event.stream_ended is None:
            self._uploading.add(stream_id)
        pseudo = dict(pair for pair in event.headers if pair[0].startswith(b":"))
        method = pseudo[b":method"]
        try:
            check_method(method)
            check_path(method, pseudo[b":path"])
        except Refusal as refusal:
            self._refuse(stream_id, method, refusal)
            return
        self._begin(stream_id)
        await self._create_stream(event)
        await self.send(Updated(idle=False))
        if self.keep_alive_requests >= self.config.keep_alive_max_requests:
            self._client.begin_drain()

    async def _data_received(self, event: DataReceived) -> None:
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            await stream.handle(Body(stream_id=event.stream_id, data=event.data))
        # After a response that did not wait for it, nobody wants the rest; but the connection's window is everybody's.
        self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    async def _stream_ended(self, stream_id: int) -> None:
        self._uploading.discard(stream_id)
        stream = self.streams.get(stream_id)
        if stream is not None:
            await stream.handle(EndBody(stream_id=stream_id))
