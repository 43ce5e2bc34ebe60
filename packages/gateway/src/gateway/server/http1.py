"""The requests of HTTP/1.1 on one connection: read one after another, and in one way only."""

import asyncio
from typing import TYPE_CHECKING, Any

import h11
from hypercorn.events import Event as HypercornEvent
from hypercorn.events import RawData, Updated
from hypercorn.protocol.events import Body, EndBody, Request
from hypercorn.protocol.h11 import STREAM_ID, H2ProtocolAssumedError
from hypercorn.protocol.http_stream import HTTPStream

from gateway.problems import Problem
from gateway.request_headers import every, first
from gateway.server.edge import Edge
from gateway.server.expectation import asking_for_body, check_expectations
from gateway.server.framing import check_framing, refusal_of
from gateway.server.host import check_hosts
from gateway.server.http1_responses import MAX_REST_BYTES, Http1Responses
from gateway.server.refusals import Refusal, malformed
from gateway.server.request_target import check_method, origin_form
from gateway.server.telemetry import Cause

if TYPE_CHECKING:
    from gateway.server.connection import Connection

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# After so many pieces of a body, others get their turn.
_PIECES_A_TURN = 64
# After these, no request follows.
_SAYS_NO_MORE = frozenset({h11.MUST_CLOSE, h11.CLOSED, h11.ERROR})


class Http1(Http1Responses):
    """Refuses what can be read in two ways, and does not change over to anything (WebSocket, h2c, CONNECT).

    RFC 9110, 7.8 lets a server ignore an upgrade. The one to h2c is obsolete (RFC 9113, 3.1), and leads around proxies.
    """

    def __init__(self, client: "Connection", edge: Edge) -> None:
        super().__init__(client, edge)
        self._ignored_bytes = 0
        self._pieces = 0
        self._has_ended = False

    @property
    def reads_head(self) -> bool:
        """Whether a request has begun of which the header fields are not complete."""
        return self.stream is None and self.connection.our_state is h11.IDLE and len(self._buffer) > 0

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

    async def handle(self, event: HypercornEvent) -> None:
        """Take what has come; nothing means that no more will."""
        self._has_ended |= isinstance(event, RawData) and not event.data
        await super().handle(event)

    async def _handle_events(self) -> None:
        try:
            await self._read()
        except Refusal as refusal:
            self.refuse(refusal)
        except h11.RemoteProtocolError as error:
            self.refuse(refusal_of(error.error_status_hint))
        if self._client.closing:
            await self._close_stream()

    async def _read(self) -> None:
        """Read what has come: each request when the answer to the one before is out, and nothing after the last."""
        while not self._client.closing:
            if self._skips_rest and not await self._skip_rest():
                return
            if self.connection.their_state in _SAYS_NO_MORE:
                await self._ignore()
                return
            if self.connection.their_state is h11.IDLE and not self._has_head():
                return
            event = self.connection.next_event()
            if event is h11.PAUSED:
                await self._pause()
            elif event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                return
            else:
                await self._take(event)

    def _has_head(self) -> bool:
        """Whether the head of a request is complete. Refusal: it cannot become one. H2ProtocolAssumedError: HTTP/2."""
        if self._buffer.head.is_first and len(self._buffer) and _PREFACE.startswith(self._buffer.first(len(_PREFACE))):
            has_head = False
            if len(self._buffer) >= len(_PREFACE):
                raise H2ProtocolAssumedError(bytes(self._buffer))
        else:
            has_head = self._buffer.has_head()
        if not has_head and self._has_ended and len(self._buffer):
            raise malformed("The request ended before its header fields.")
        return has_head

    async def _take(self, event: Any) -> None:
        if isinstance(event, h11.Request):
            await self.send(Updated(idle=False))
            await self._create_stream(event)
        elif self.stream is None:
            return
        elif isinstance(event, h11.Data):
            await self.stream.handle(Body(stream_id=STREAM_ID, data=event.data))
            self._pieces += 1
            if self._pieces % _PIECES_A_TURN == 0:
                await asyncio.sleep(0)
        elif isinstance(event, h11.EndOfMessage):
            await self.stream.handle(EndBody(stream_id=STREAM_ID))

    async def _pause(self) -> None:
        """Wait until the answer in progress is out."""
        await self.can_read.clear()
        await self.can_read.wait()

    async def _ignore(self) -> None:
        """Drop what comes after the last request, which its answer does not depend on (RFC 9112, 9.6)."""
        self._ignored_bytes += len(self._buffer)
        self._buffer.clear()
        if self._ignored_bytes > MAX_REST_BYTES and self.stream is not None:
            await self._pause()

    async def _skip_rest(self) -> bool:
        """Throw away what has come of the body; whether it was the last of it."""
        while isinstance(event := self.connection.next_event(), h11.Data):
            pass
        if not isinstance(event, h11.EndOfMessage):
            return False
        self._skips_rest = False
        await self._maybe_recycle()
        return True

    async def _create_stream(self, request: h11.Request) -> None:
        headers = list(request.headers)
        check_method(request.method)
        check_framing(request.http_version, headers)
        check_hosts(every(headers, b"host"))
        check_expectations(headers)
        path, headers = origin_form(request.method, request.target, headers)
        is_chunked = first(headers, b"transfer-encoding") is not None
        self._length = None if is_chunked else int(first(headers, b"content-length") or 0)
        app = self.app
        if self.connection.they_are_waiting_for_100_continue:
            app = asking_for_body(self._edge.app, self.ask_for_body)  # type: ignore[assignment]  # as above
        self.stream = HTTPStream(
            app,
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
