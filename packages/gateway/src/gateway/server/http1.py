"""HTTP/1.1 on one connection: Hypercorn's protocol, less lenient, and with an end in good order."""

from typing import TYPE_CHECKING

import h11
from hypercorn.protocol.events import Body, EndBody, Event, Request, Response, StreamClosed
from hypercorn.protocol.h11 import STREAM_ID, H2ProtocolAssumedError, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import ConnectionState, H11SendableEvent

from gateway.problems import Problem
from gateway.request_headers import first
from gateway.server.edge import Edge
from gateway.server.framing import check_framing, refusal_of
from gateway.server.refusals import Refusal
from gateway.server.request_target import check_method, origin_form
from gateway.server.strict_buffer import StrictReceiveBuffer
from gateway.server.telemetry import Cause

if TYPE_CHECKING:
    from gateway.server.connection import Connection

_CLOSE = (b"connection", b"close")
# The rest of a body that nobody wants is read all the same if it is so short: the next request can follow it.
_MAX_REST_BYTES = 64 * 1024
_REST_S = 2.0
_PREFACE = b"PRI"


class Http1(H11Protocol):
    """Refuses what can be read in two ways, and does not change over to anything (WebSocket, h2c, CONNECT).

    RFC 9110, 7.8 lets a server ignore an upgrade. The one to h2c is obsolete (RFC 9113, 3.1), and leads around proxies.
    """

    connection: h11.Connection
    stream: HTTPStream | None

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
        self.connection._receive_buffer = StrictReceiveBuffer()  # noqa: SLF001 (it says why)
        self._client = client
        self._edge = edge
        self._head = b""
        self._method = b""
        self._length = 0
        self._skips_rest = False

    @property
    def reads_head(self) -> bool:
        """Whether a request has begun of which the header fields are not complete."""
        return self.stream is None and self.connection.our_state is h11.IDLE and bool(self.connection.trailing_data[0])

    def begin_drain(self) -> None:
        """The next response says `Connection: close`: it looks at the edge for that."""

    def rest_is_over(self) -> None:
        """End a connection on which no request has come, or half of one."""
        if self.reads_head:
            detail = f"The header fields did not arrive within {self._edge.bounds.header_timeout_s:g} s."
            self.refuse(Refusal(Cause.HEADERS_TIMEOUT, Problem(408, "HEADERS_TIMEOUT", detail)))
        self._client.close()

    def overdue(self, _now: float) -> Cause | None:
        """Why the connection has to be cut off: the one request in progress takes too long."""
        if self._skips_rest:
            self._client.close()
            return None
        return Cause.REQUEST_TIMEOUT

    def refuse(self, refusal: Refusal) -> None:
        """Answer with a problem document, where an answer is still possible, and close."""
        document = self._edge.refusals.document(refusal, self._client.address)
        headers = [*document.headers, *self.config.response_headers("h11"), _CLOSE]
        body = b"" if self._method == b"HEAD" else document.body
        try:
            pieces = [
                self.connection.send(h11.Response(status_code=document.status, headers=headers)),
                self.connection.send(h11.Data(data=body)),
                self.connection.send(h11.EndOfMessage()),
            ]
        except h11.LocalProtocolError:  # a response has begun
            pieces = []
        self._client.write(b"".join(filter(None, pieces)))
        self._client.close()

    async def stream_send(self, event: Event) -> None:
        """Send an event of the response; its head waits for what follows, and they go out together."""
        if isinstance(event, Response):
            await self._send_h11_event(self._response(event))
        elif isinstance(event, Body):
            await self._send_h11_event(h11.Data(data=event.data))
        elif isinstance(event, EndBody):
            await self._send_h11_event(h11.EndOfMessage())
        elif isinstance(event, StreamClosed):
            await self._maybe_recycle()

    def _response(self, event: Response) -> h11.Response:
        headers = [*event.headers, *self.config.response_headers("h11")]
        is_last = self._edge.draining or self.keep_alive_requests >= self.config.keep_alive_max_requests
        if (is_last or not self._can_skip_rest()) and _CLOSE not in headers:
            headers.append(_CLOSE)
        return h11.Response(status_code=event.status_code, headers=headers)

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        try:
            data = self.connection.send(event) or b""
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response):
            self._head = data
            return
        if self._head:
            data, self._head = self._head + data, b""
        if data:
            self._client.write(data)
            await self._client.drain()

    def _can_skip_rest(self) -> bool:
        return self.connection.their_state is not h11.SEND_BODY or 0 < self._length <= _MAX_REST_BYTES

    async def _maybe_recycle(self) -> None:
        states = (self.connection.our_state, self.connection.their_state)
        if states == (h11.DONE, h11.SEND_BODY):
            await self._close_stream()
            self._skips_rest = True
            self._client.expect_within(_REST_S)
        else:
            await super()._maybe_recycle()

    async def _handle_events(self) -> None:
        try:
            if self._skips_rest and not await self._skip_rest():
                return
            await super()._handle_events()
        except Refusal as refusal:
            self.refuse(refusal)
            await self._close_stream()

    async def _skip_rest(self) -> bool:
        """Throw away what has come of the body; whether it was the last of it."""
        try:
            while isinstance(event := self.connection.next_event(), h11.Data):
                pass
        except h11.RemoteProtocolError:
            self._client.close()
            return False
        if not isinstance(event, h11.EndOfMessage):
            return False
        self._skips_rest = False
        await self._maybe_recycle()
        return True

    async def _check_protocol(self, event: h11.Request) -> None:
        if event.method == _PREFACE and event.target == b"*" and event.http_version == b"2.0":
            raise H2ProtocolAssumedError(b"PRI * HTTP/2.0\r\n\r\n" + self.connection.trailing_data[0])

    async def _create_stream(self, request: h11.Request) -> None:
        headers = list(request.headers)
        self._method = request.method
        check_method(request.method)
        check_framing(request.http_version, headers)
        path, headers = origin_form(request.method, request.target, headers)
        self._length = int(first(headers, b"content-length") or 0)
        self.stream = HTTPStream(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=headers,
                http_version=request.http_version.decode("ascii"),
                method=request.method.decode("ascii"),
                raw_path=path,
                state=self.connection_state,
            )
        )
        self.keep_alive_requests += 1

    async def _send_error_response(self, status_code: int) -> None:
        self.refuse(refusal_of(status_code, self.connection.trailing_data[0]))
        await self._close_stream()
