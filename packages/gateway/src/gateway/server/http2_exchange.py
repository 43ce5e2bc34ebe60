"""One request of an HTTP/2 connection, and its response."""

from time import monotonic
from typing import TYPE_CHECKING, Any

from hypercorn.protocol.events import Body, EndBody, Event, Request, Response, StreamClosed
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import ConnectionState
from starlette.types import ASGIApp, Scope

from gateway.server.inbox import Inbox
from gateway.server.refusals import Refusal
from gateway.server.request_tasks import Send

if TYPE_CHECKING:
    from gateway.server.http2 import Http2


class Exchange:
    """Hands a request to the application, and takes the response from it.

    The application does not wait until its client has read the end of a response: what is left of it is held without
    the task and its frames, which are most of what a request costs in memory.

    stream_id: the stream that it has. began_at: on the clock of time.monotonic(). uploading: whether the request is not
    complete. answered: whether the application has said all of the response.
    """

    __slots__ = ("_http2", "_inbox", "_stream", "answered", "began_at", "stream_id", "uploading")

    def __init__(self, http2: "Http2", stream_id: int, *, uploading: bool) -> None:
        self._http2 = http2
        self._stream: HTTPStream | None = None
        self._inbox: Inbox | None = None
        self.stream_id = stream_id
        self.began_at = monotonic()
        self.uploading = uploading
        self.answered = False

    async def begin(self, method: bytes, path: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        """Start the application."""
        edge, client = self._http2.edge, self._http2.client
        self._stream = HTTPStream(
            edge.app,  # type: ignore[arg-type]  # our tasks call it as what it is, an ASGI application
            edge.config,
            edge.context,
            self,  # type: ignore[arg-type]  # the part of a task group that it uses
            False,
            client.peer,
            client.local,
            self._send,
            self.stream_id,
        )
        await self._stream.handle(
            Request(
                stream_id=self.stream_id,
                headers=headers,
                http_version="2",
                method=method.decode("ascii"),
                raw_path=path,
                state=ConnectionState({}),
            )
        )

    async def spawn_app(self, app: ASGIApp, _config: Any, scope: Scope, send: Any) -> Send:
        """Start the application's task; what Hypercorn calls of its task group."""
        # No trailers, server push and early hints: nothing here sends them.
        scope["extensions"] = {}
        self._inbox = Inbox(self._note_read)
        account = self._http2.client.account
        self._http2.client.tasks.start(app, scope, self._inbox, send, account.room if account.is_full else None)
        return self._inbox.put

    async def receive(self, data: bytes) -> bool:
        """Hand a piece of the request over; whether there is an application to take it."""
        if self._stream is None:
            return False
        await self._stream.handle(Body(stream_id=self.stream_id, data=data))
        return True

    async def receive_end(self) -> None:
        """The request is complete."""
        self.uploading = False
        if self._stream is not None:
            await self._stream.handle(EndBody(stream_id=self.stream_id))

    def refuse(self, refusal: Refusal, *, is_head: bool) -> None:
        """Answer with a problem document."""
        document = self._http2.edge.refusals.document(refusal, self._http2.client.address)
        self._http2.send_head(self.stream_id, document.status, document.headers)
        self.answered = True
        if not is_head:
            self._http2.bodies.append(self.stream_id, document.body)
        self._http2.bodies.finish(self.stream_id)

    async def leave(self) -> None:
        """Tell the application that nobody waits for its response any more."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.handle(StreamClosed(stream_id=self.stream_id))

    def _note_read(self, size: int) -> None:
        self._http2.acknowledge(size, self.stream_id)

    async def _send(self, event: Event) -> None:
        http2 = self._http2
        if isinstance(event, Response):
            headers = [pair for pair in event.headers if pair[0] != b"connection"]
            http2.send_head(self.stream_id, event.status_code, headers)
        elif isinstance(event, Body):
            await http2.bodies.write(self.stream_id, event.data)
        elif isinstance(event, EndBody):
            self.answered = True
            http2.bodies.finish(self.stream_id)
        elif isinstance(event, StreamClosed):
            await self.leave()
            if not self.answered:
                http2.break_off(self.stream_id)
