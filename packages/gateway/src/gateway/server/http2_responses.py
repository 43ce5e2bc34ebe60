"""The way out of an HTTP/2 connection: responses, complete ones and others."""

from time import monotonic
from typing import TYPE_CHECKING

from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hypercorn.events import Updated
from hypercorn.protocol.events import EndBody, Event, Response, StreamClosed
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.typing import ConnectionState

from gateway.server.edge import Edge
from gateway.server.farewell import Farewell
from gateway.server.refusals import Refusal
from gateway.server.stalls import Stalls
from gateway.server.telemetry import Cause

if TYPE_CHECKING:
    from gateway.server.connection import Connection


class Http2Responses(H2Protocol):
    """Sends what applications say, and tells the client what it cannot know.

    A response that breaks off is reset. One that is complete before its request stops the rest of that, and nothing
    else. No WebSockets are offered (RFC 8441).
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
        streams = edge.bounds.http2_max_streams
        values = {SettingCodes.MAX_CONCURRENT_STREAMS: streams, SettingCodes.MAX_HEADER_LIST_SIZE: largest}
        self.connection.local_settings = Settings(client=False, initial_values=values)
        self.connection.decoder.max_header_list_size = largest
        self._client = client
        self._edge = edge
        self._farewell = Farewell(lambda frame: client.write(self.connection.data_to_send() + frame))
        self._stalls = Stalls(edge.bounds.send_timeout_s)
        # Streams: when each began, whose request is not complete, whose response is.
        self._started: dict[int, float] = {}
        self._uploading: set[int] = set()
        self._answered: set[int] = set()

    def overdue(self, now: float) -> Cause | None:
        """Why the connection has to be cut off: a request, or the client, takes too long."""
        self._farewell.finish_if_due(now)
        oldest = next(iter(self._started.values()), now)
        if now - oldest > self._edge.bounds.request_timeout_s:
            return Cause.REQUEST_TIMEOUT
        return Cause.SLOW_READER if self._stalls.look(self.stream_buffers, now) else None

    async def stream_send(self, event: Event) -> None:
        """Send an event of a response; its header fields wait for what follows, and they go out together."""
        if isinstance(event, Response):
            headers = [pair for pair in event.headers if pair[0] != b"connection"]
            self._send_head(event.stream_id, event.status_code, headers, is_all=False)
        elif isinstance(event, StreamClosed):
            await self._stream_closed(event.stream_id)
        else:
            if isinstance(event, EndBody):
                self._answered.add(event.stream_id)
            await super().stream_send(event)

    def _begin(self, stream_id: int) -> None:
        self._started[stream_id] = monotonic()

    def _refuse(self, stream_id: int, method: bytes, refusal: Refusal) -> None:
        document = self._edge.refusals.document(refusal, self._client.address)
        is_all = method == b"HEAD"
        self._send_head(stream_id, document.status, document.headers, is_all=is_all)
        if not is_all:
            try:
                self.connection.send_data(stream_id, document.body, end_stream=True)
            except ProtocolError:  # the client has called it off, or leaves no room for an answer
                self._reset(stream_id, ErrorCodes.PROTOCOL_ERROR)
        self._stop_upload(stream_id)

    def _send_head(self, stream_id: int, status: int, headers: list[tuple[bytes, bytes]], *, is_all: bool) -> None:
        fields = [(b":status", b"%d" % status), *headers, *self.config.response_headers("h2")]
        try:
            self.connection.send_headers(stream_id, fields, end_stream=is_all)
        except ProtocolError:  # the client has called it off
            return

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
        if self._farewell.is_final and self.idle:
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
