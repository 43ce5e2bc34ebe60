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
from h2.settings import SettingCodes, Settings
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Body, EndBody, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.typing import ConnectionState
from hyperframe.frame import GoAwayFrame

from gateway.server.edge import Edge
from gateway.server.flood_guard import FloodGuard
from gateway.server.refusals import Refusal
from gateway.server.request_target import check_method, check_path
from gateway.server.stalls import Stalls
from gateway.server.telemetry import Cause

if TYPE_CHECKING:
    from gateway.server.connection import Connection

# The largest stream id there is: "no more after those that you have sent by now" (RFC 9113, 6.8).
_ANY_STREAM = 2**31 - 1
# A flood of small frames must not keep the event loop from all others for long: this many take up to 5 ms.
_SLICE_BYTES = 2048


class Http2(H2Protocol):
    """One client's streams.

    Beyond Hypercorn: no CONNECT and no WebSockets; no more applications than streams are allowed, however many the
    client has called off; a response that is complete before its request stops the rest of it, and nothing else;
    GOAWAY in two steps, so that no request on its way is lost; priorities, which RFC 9113 has given up, are ignored.
    """

    def __init__(self, client: "Connection", edge: Edge) -> None:
        super().__init__(
            edge.app,  # type: ignore[arg-type]  # our tasks call it as what it is, an ASGI application
            edge.config,
            edge.context,
            client.tasks,  # type: ignore[arg-type]  # the part of a task group that protocols use
            ConnectionState({}),
            False,
            client.peer,
            client.local,
            client.send,
        )
        largest = edge.config.h2_max_header_list_size
        self.connection.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: edge.bounds.http2_max_streams,
                SettingCodes.MAX_HEADER_LIST_SIZE: largest,
            },
        )
        self.connection.decoder.max_header_list_size = largest
        self._client = client
        self._edge = edge
        self._guard = FloodGuard(edge.bounds, monotonic())
        self._stalls = Stalls(edge.bounds.send_timeout_s)
        self._started: dict[int, float] = {}
        self._uploading: set[int] = set()
        self._answered: set[int] = set()
        # An application may end a moment after its stream.
        self._max_running = 2 * edge.bounds.http2_max_streams
        self._last_taken = 0
        self._final_due: float | None = None
        self._is_final = False

    @property
    def reads_head(self) -> bool:
        """Never to be waited for on its own: the guard bounds its size, and idleness the time."""
        return False

    def begin_drain(self) -> None:
        """Ask the client for a new connection; what it sends until it hears of that is still answered."""
        if self._final_due is None:
            self._final_due = monotonic() + self._edge.notice_s
            self._go_away(_ANY_STREAM)

    def rest_is_over(self) -> None:
        """End the connection, on which nothing is in progress."""
        self._finalize()
        self._client.close()

    def overdue(self, now: float) -> Cause | None:
        """Why the connection has to be cut off: a request, or the client, takes too long."""
        if self._final_due is not None and now >= self._final_due:
            self._finalize()
        oldest = next(iter(self._started.values()), now)
        if now - oldest > self._edge.bounds.request_timeout_s:
            return Cause.REQUEST_TIMEOUT
        return Cause.SLOW_READER if self._stalls.look(self.stream_buffers, now) else None

    async def handle(self, event: Event) -> None:
        """Take what has come, in slices; or that nothing more will, so that nobody waits for room to send any more."""
        if not isinstance(event, RawData):
            await super().handle(event)
            for buffer in self.stream_buffers.values():
                await buffer.close()
            return
        for start in range(0, len(event.data), _SLICE_BYTES):
            if start:
                await asyncio.sleep(0)
            if self.closed:
                return
            await self._receive(event.data[start : start + _SLICE_BYTES])

    async def stream_send(self, event: StreamEvent) -> None:
        """Send an event of a response; its header fields wait for what follows, and they go out together."""
        if isinstance(event, Response):
            headers = [pair for pair in event.headers if pair[0] != b"connection"]
            status = (b":status", b"%d" % event.status_code)
            try:
                self.connection.send_headers(event.stream_id, [status, *headers, *self.config.response_headers("h2")])
            except ProtocolError:  # the client has called it off
                return
        elif isinstance(event, StreamClosed):
            await self._stream_closed(event.stream_id)
        else:
            if isinstance(event, EndBody):
                self._answered.add(event.stream_id)
            await super().stream_send(event)

    async def _receive(self, data: bytes) -> None:
        try:
            events = self.connection.receive_data(data)
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
        if self._is_final or self._client.tasks.running >= self._max_running:
            # Nothing has been done for it, and the client may send it again elsewhere (RFC 9113, 8.7).
            self._reset(stream_id, ErrorCodes.REFUSED_STREAM)
            return
        self._last_taken = stream_id
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
        self._started[stream_id] = monotonic()
        await self._create_stream(event)
        await self.send(Updated(idle=False))
        if self.keep_alive_requests >= self.config.keep_alive_max_requests:
            self._client.begin_drain()

    def _refuse(self, stream_id: int, method: bytes, refusal: Refusal) -> None:
        document = self._edge.refusals.document(refusal, self._client.address)
        status = (b":status", b"%d" % document.status)
        has_body = method != b"HEAD"
        headers = [status, *document.headers, *self.config.response_headers("h2")]
        try:
            self.connection.send_headers(stream_id, headers, end_stream=not has_body)
            if has_body:
                self.connection.send_data(stream_id, document.body, end_stream=True)
        except ProtocolError:  # the client has called it off, or leaves no room for an answer
            self._reset(stream_id, ErrorCodes.PROTOCOL_ERROR)
        self._stop_upload(stream_id)

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

    async def _stream_closed(self, stream_id: int) -> None:
        self._started.pop(stream_id, None)
        await self._close_stream(stream_id)
        buffer = self.stream_buffers.get(stream_id)
        if buffer is None:
            self._stop_upload(stream_id)
        elif stream_id not in self._answered:
            # The application broke off: only a reset can tell the client.
            self._reset(stream_id, ErrorCodes.INTERNAL_ERROR)
            await buffer.close()
            await self._window_updated(stream_id)
        self._answered.discard(stream_id)
        await self._flush()
        await self.send(Updated(idle=self.idle))
        if self._is_final and self.idle:
            self._client.close()

    async def _send_data(self, stream_id: int) -> None:
        await super()._send_data(stream_id)
        if stream_id not in self.stream_buffers and stream_id not in self.streams:
            self._stop_upload(stream_id)
            await self._flush()

    def _stop_upload(self, stream_id: int) -> None:
        """Tell the client not to send the rest of a request that has been answered (RFC 9113, 8.1)."""
        if stream_id in self._uploading:
            self._uploading.discard(stream_id)
            self._reset(stream_id, ErrorCodes.NO_ERROR)

    def _reset(self, stream_id: int, code: ErrorCodes) -> None:
        try:
            self.connection.reset_stream(stream_id, code)
        except ProtocolError:  # it is closed already
            return

    def _finalize(self) -> None:
        if not self._is_final:
            self._is_final = True
            self._go_away(self._last_taken)

    def _go_away(self, last_stream_id: int) -> None:
        # Not through h2, which takes every connection for closed that has sent one.
        frame = GoAwayFrame(0, last_stream_id=last_stream_id, error_code=ErrorCodes.NO_ERROR)
        self._client.write(self.connection.data_to_send() + frame.serialize())
