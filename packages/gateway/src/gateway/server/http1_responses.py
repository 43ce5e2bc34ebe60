"""The answers of HTTP/1.1 on one connection: as fast as the client reads, and with an end in good order."""

from typing import TYPE_CHECKING

import h11
from hypercorn.protocol.events import Body, EndBody, Event, Response, StreamClosed
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import ConnectionState, H11SendableEvent

from gateway.server.edge import Edge
from gateway.server.refusals import Refusal
from gateway.server.strict_buffer import StrictReceiveBuffer

if TYPE_CHECKING:
    from gateway.server.connection import Connection

_CLOSE = (b"connection", b"close")
#: The unread rest of a body is skipped if it is no longer than this: the next request can follow it.
MAX_REST_BYTES = 64 * 1024
_REST_S = 2.0
# So much of a response is written at a time.
_PART_BYTES = 32 * 1024


class Http1Responses(H11Protocol):
    """Sends what the application answers, and decides whether another request may follow.

    The requests are read by `Http1`, which says how long the body of the one in progress is
    (``_length``; None: unknown).
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
        self._buffer = StrictReceiveBuffer(edge.bounds.request_limits)
        self.connection._receive_buffer = self._buffer  # noqa: SLF001 (it says why)
        self._client = client
        self._edge = edge
        self._head = b""
        self._length: int | None = 0
        self._skips_rest = False

    def refuse(self, refusal: Refusal) -> None:
        """Answer with a problem document, where an answer is still possible, and close."""
        document = self._edge.refusals.document(refusal, self._client.address)
        if self.connection.our_state in {h11.IDLE, h11.SEND_RESPONSE}:  # otherwise a response has begun
            has_body = self._buffer.head.method != b"HEAD"
            self._client.write(document.as_http1(further=self.config.response_headers("h11"), has_body=has_body))
            self.connection.send_failed()
        self._client.close()

    async def stream_send(self, event: Event) -> None:
        """Send an event of the response; its head waits for what follows, and they go out together."""
        if isinstance(event, Response):
            await self._send_h11_event(self._response(event))
        elif isinstance(event, Body):
            await self._send_body(event.data)
        elif isinstance(event, EndBody):
            await self._send_h11_event(h11.EndOfMessage())
        elif isinstance(event, StreamClosed):
            await self._maybe_recycle()

    async def _send_body(self, data: bytes) -> None:
        """Send it as fast as the client reads: only a part of it is ever copied."""
        account = self._client.account
        charge_bytes = account.hold(data)
        try:
            for start in range(0, len(data), _PART_BYTES):
                await self._send_h11_event(h11.Data(data=data[start : start + _PART_BYTES]))
        finally:
            account.release(data, charge_bytes)

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
        if self.connection.they_are_waiting_for_100_continue:
            return False  # whether the body still comes is the client's choice, and cannot be seen (RFC 9110, 10.1.1)
        is_short = self._length is not None and self._length <= MAX_REST_BYTES
        return is_short or self.connection.their_state is not h11.SEND_BODY

    async def _maybe_recycle(self) -> None:
        states = (self.connection.our_state, self.connection.their_state)
        if states == (h11.DONE, h11.SEND_BODY):
            await self._close_stream()
            self._skips_rest = True
            self._client.expect_within(_REST_S)
        else:
            await super()._maybe_recycle()

    def ask_for_body(self) -> None:
        """Say `100 Continue`, if the client waits for it."""
        if self.connection.they_are_waiting_for_100_continue and not self._client.closing:
            go_on = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
            self._client.write(self.connection.send(go_on) or b"")
