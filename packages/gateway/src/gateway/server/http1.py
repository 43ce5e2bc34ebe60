"""HTTP/1.1 on one connection: requests are read one after another, in one way only, and answered in order."""

import asyncio
from collections.abc import Callable
from typing import Any

import h11
from hypercorn.events import Closed, RawData
from hypercorn.events import Event as HypercornEvent
from hypercorn.protocol.events import Body, EndBody, Event, Response, StreamClosed
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import H11SendableEvent
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.problems import Problem
from gateway.request_headers import every, first
from gateway.server.connection import ClientConnection, ClientSwitchesToHttp2Error
from gateway.server.edge import Edge
from gateway.server.hypercorn_adapter import http_stream, request_event
from gateway.server.refusals import Refusal, malformed
from gateway.server.request_rules import (
    check_expectations,
    check_framing,
    check_hosts,
    check_method,
    origin_form,
    refusal_of,
)
from gateway.server.strict_buffer import StrictReceiveBuffer
from gateway.server.telemetry import Cause

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_CLOSE = (b"connection", b"close")
#: The number that Hypercorn gives the only stream of HTTP/1.
_STREAM_ID = 1
#: After so many pieces of a body, other tasks get their turn.
_PIECES_A_TURN = 64
#: The states of the client after which no request follows.
_NO_MORE_REQUESTS = frozenset({h11.MUST_CLOSE, h11.CLOSED, h11.ERROR})
#: The unread rest of a body is skipped if it is no longer than this; then the next request can follow it.
_MAX_REST_BYTES = 64 * 1024
_REST_TIMEOUT_S = 2.0
#: So much of a response is written at a time.
_PART_BYTES = 32 * 1024


class Http1:
    """Rejects what can be read in two ways, and never switches protocols (WebSocket, h2c, CONNECT).

    RFC 9110, 7.8 lets a server ignore an upgrade. The one to h2c is obsolete (RFC 9113, 3.1), and bypasses proxies.
    """

    is_multiplexed = False

    def __init__(self, client: ClientConnection, edge: Edge) -> None:
        self._client = client
        self._edge = edge
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=edge.config.h11_max_incomplete_size)
        self._buffer = StrictReceiveBuffer(edge.bounds.request_limits)
        self._buffer.install(self._h11)
        self._stream: HTTPStream | None = None
        self._can_read = asyncio.Event()
        self._requests = 0
        # Of the request in progress: the length of its body, None if it is unknown, and whether its rest is skipped.
        self._length: int | None = 0
        self._skips_rest = False
        # The head of a response waits for what follows, and they are sent together.
        self._head = b""
        self._ignored_bytes = 0
        self._pieces = 0
        self._has_ended = False

    @property
    def is_reading_head(self) -> bool:
        """Whether a request has begun whose header fields are not complete."""
        return self._stream is None and self._h11.our_state is h11.IDLE and len(self._buffer) > 0

    async def initiate(self) -> None:
        """Does nothing: the client speaks first."""

    def begin_drain(self) -> None:
        """Does nothing: the next response says `Connection: close`, since it looks at the edge for that."""

    def on_writable(self) -> None:
        """Does nothing: a response waits for that by itself."""

    def dispose(self) -> None:
        """Does nothing: no response is kept without its application."""

    def on_idle_timeout(self) -> None:
        """Ends a connection on which no request has come, or the first part of one."""
        if self.is_reading_head:
            detail = f"The header fields did not arrive within {self._edge.bounds.header_timeout_s:g} s."
            self._refuse(Refusal(Cause.HEADERS_TIMEOUT, Problem(408, "HEADERS_TIMEOUT", detail)))
        self._client.close()

    def check_timeouts(self, _now: float) -> Cause | None:
        """Returns why the connection has to be aborted: its only request takes too long."""
        if self._skips_rest:
            self._client.close()
            return None
        return Cause.REQUEST_TIMEOUT

    async def handle(self, event: HypercornEvent) -> None:
        """Handles received bytes, none of which means the end of them, or the end of the connection."""
        if isinstance(event, RawData):
            self._has_ended |= not event.data
            self._h11.receive_data(event.data)
            await self._handle_received()
        elif isinstance(event, Closed):
            await self._close_stream()

    async def _handle_received(self) -> None:
        try:
            await self._read()
        except Refusal as refusal:
            self._refuse(refusal)
        except h11.RemoteProtocolError as error:
            self._refuse(refusal_of(error.error_status_hint))
        if self._client.closing:
            await self._close_stream()

    async def _read(self) -> None:
        """Reads each request once the response to the one before is sent, and nothing after the last."""
        while not self._client.closing:
            if self._skips_rest and not await self._skip_rest():
                return
            if self._h11.their_state in _NO_MORE_REQUESTS:
                await self._ignore()
                return
            if self._h11.their_state is h11.IDLE and not self._has_head():
                return
            event = self._h11.next_event()
            if event is h11.PAUSED:
                await self._pause()
            elif event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                return
            else:
                await self._take(event)

    def _has_head(self) -> bool:
        """Returns whether the head of a request is complete.

        Raises:
            Refusal: It cannot become one.
            ClientSwitchesToHttp2Error: It is the preface of HTTP/2.
        """
        if self._buffer.head.is_first and len(self._buffer) and _PREFACE.startswith(self._buffer.first(len(_PREFACE))):
            has_head = False
            if len(self._buffer) >= len(_PREFACE):
                raise ClientSwitchesToHttp2Error(bytes(self._buffer))
        else:
            has_head = self._buffer.has_head()
        if not has_head and self._has_ended and len(self._buffer):
            raise malformed("The request ended before its header fields.")
        return has_head

    async def _take(self, event: Any) -> None:
        if isinstance(event, h11.Request):
            self._client.set_idle(idle=False)
            await self._begin_request(event)
        elif self._stream is None:
            return
        elif isinstance(event, h11.Data):
            await self._stream.handle(Body(stream_id=_STREAM_ID, data=event.data))
            self._pieces += 1
            if self._pieces % _PIECES_A_TURN == 0:
                await asyncio.sleep(0)
        elif isinstance(event, h11.EndOfMessage):
            await self._stream.handle(EndBody(stream_id=_STREAM_ID))

    async def _begin_request(self, request: h11.Request) -> None:
        headers = list(request.headers)
        check_method(request.method)
        check_framing(request.http_version, headers)
        check_hosts(every(headers, b"host"))
        check_expectations(headers)
        path, headers = origin_form(request.method, request.target, headers)
        is_chunked = first(headers, b"transfer-encoding") is not None
        self._length = None if is_chunked else int(first(headers, b"content-length") or 0)
        app, edge, client = self._edge.app, self._edge, self._client
        if self._h11.they_are_waiting_for_100_continue:
            app = _asking_for_body(app, self._send_continue)
        self._stream = http_stream(
            app,
            self._send_event,
            _STREAM_ID,
            config=edge.config,
            context=edge.context,
            task_group=client.tasks,
            peer=client.peer,
            local=client.local,
        )
        http_version = request.http_version.decode("ascii")
        await self._stream.handle(request_event(_STREAM_ID, request.method, path, headers, http_version))
        self._requests += 1

    async def _pause(self) -> None:
        """Waits until the response in progress is sent."""
        self._can_read.clear()
        await self._can_read.wait()

    async def _ignore(self) -> None:
        """Drops what comes after the last request, which its response does not depend on (RFC 9112, 9.6)."""
        self._ignored_bytes += len(self._buffer)
        self._buffer.clear()
        if self._ignored_bytes > _MAX_REST_BYTES and self._stream is not None:
            await self._pause()

    async def _skip_rest(self) -> bool:
        """Drops what has arrived of the body; returns whether that was the end of it."""
        while isinstance(event := self._h11.next_event(), h11.Data):
            pass
        if not isinstance(event, h11.EndOfMessage):
            return False
        self._skips_rest = False
        await self._end_response()
        return True

    def _refuse(self, refusal: Refusal) -> None:
        """Sends a problem document, unless a response has begun, and closes the connection."""
        document = self._edge.refusals.document(refusal, self._client.address)
        if self._h11.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            has_body = self._buffer.head.method != b"HEAD"
            fields = self._edge.config.response_headers()
            self._client.write(document.as_http1(further=fields, has_body=has_body))
            self._h11.send_failed()
        self._client.close()

    async def _send_event(self, event: Event) -> None:
        """Sends an event of the response."""
        if isinstance(event, Response):
            await self._send(self._response(event))
        elif isinstance(event, Body):
            await self._send_body(event.data)
        elif isinstance(event, EndBody):
            await self._send(h11.EndOfMessage())
        elif isinstance(event, StreamClosed):
            await self._end_response()

    async def _send_body(self, data: bytes) -> None:
        """Sends a piece of a body as fast as the client reads: only a part of it is copied at a time."""
        account = self._client.account
        charge_bytes = account.hold(data)
        try:
            for start in range(0, len(data), _PART_BYTES):
                await self._send(h11.Data(data=data[start : start + _PART_BYTES]))
        finally:
            account.release(data, charge_bytes)

    def _response(self, event: Response) -> h11.Response:
        headers = [*event.headers, *self._edge.config.response_headers()]
        is_last = self._edge.draining or self._requests >= self._edge.bounds.max_requests_per_connection
        if (is_last or not self._can_skip_rest()) and _CLOSE not in headers:
            headers.append(_CLOSE)
        return h11.Response(status_code=event.status_code, headers=headers)

    async def _send(self, event: H11SendableEvent) -> None:
        try:
            data = self._h11.send(event) or b""
        except h11.LocalProtocolError:
            if not self._client.closing:
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
        if self._h11.they_are_waiting_for_100_continue:
            return False  # the client may still send the body or not, which the server cannot see (RFC 9110, 10.1.1)
        is_short = self._length is not None and self._length <= _MAX_REST_BYTES
        return is_short or self._h11.their_state is not h11.SEND_BODY

    async def _end_response(self) -> None:
        """Decides whether another request may follow."""
        needs_rest = (self._h11.our_state, self._h11.their_state) == (h11.DONE, h11.SEND_BODY)
        await self._close_stream()
        if needs_rest:
            self._skips_rest = True
            self._client.set_timeout(_REST_TIMEOUT_S)
        elif self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
            self._can_read.set()
            self._client.set_idle(idle=True)
        else:
            self._can_read.set()
            self._client.close()

    async def _close_stream(self) -> None:
        if self._stream is not None:
            await self._stream.handle(StreamClosed(stream_id=_STREAM_ID))
            self._stream = None

    def _send_continue(self) -> None:
        """Sends `100 Continue`, if the client waits for it."""
        if self._h11.they_are_waiting_for_100_continue and not self._client.closing:
            interim = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
            self._client.write(self._h11.send(interim) or b"")


def _asking_for_body(app: ASGIApp, ask: Callable[[], None]) -> ASGIApp:
    """Returns ``app`` with a call of ``ask`` each time that it waits for the body, or for the client to leave."""

    async def asking(scope: Scope, receive: Receive, send: Send) -> None:
        async def ask_and_receive() -> Message:
            ask()
            return await receive()

        await app(scope, ask_and_receive, send)

    return asking
