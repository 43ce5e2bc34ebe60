"""One request of an HTTP/2 connection, and its response."""

from time import monotonic
from typing import Any, Protocol

from hypercorn.protocol.events import Body, EndBody, Event, Response, StreamClosed
from hypercorn.protocol.http_stream import HTTPStream
from starlette.types import ASGIApp, Scope

from gateway.server.connection import ClientConnection
from gateway.server.edge import Edge
from gateway.server.hypercorn_adapter import http_stream, request_event
from gateway.server.refusals import Refusal
from gateway.server.request_tasks import ReceiveQueue, Send
from gateway.server.response_bodies import ResponseBodies


class ExchangeOwner(Protocol):
    """What an exchange needs of its connection."""

    client: ClientConnection
    edge: Edge
    bodies: ResponseBodies

    def send_head(self, stream_id: int, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Sends the header section of a response."""

    def acknowledge(self, size: int, stream_id: int) -> None:
        """Notes that a piece of a request's body was read."""

    def abort_response(self, stream_id: int) -> None:
        """Resets a stream whose application has failed."""


class Exchange:
    """Passes a request to the application, and takes the response from it.

    The application does not wait until its client has read the end of a response: the rest is held without the task
    and its frames, which are most of what a request costs in memory.

    Attributes:
        stream_id: The stream of request and response.
        began_at: On the clock of time.monotonic().
        uploading: Whether the request is not complete.
        answered: Whether the application has produced the whole response.
    """

    __slots__ = ("_owner", "_stream", "answered", "began_at", "stream_id", "uploading")

    def __init__(self, owner: ExchangeOwner, stream_id: int, *, uploading: bool) -> None:
        self._owner = owner
        self._stream: HTTPStream | None = None
        self.stream_id = stream_id
        self.began_at = monotonic()
        self.uploading = uploading
        self.answered = False

    async def begin(self, method: bytes, path: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        """Starts the application."""
        edge, client = self._owner.edge, self._owner.client
        self._stream = http_stream(
            edge.app,
            self._send,
            self.stream_id,
            config=edge.config,
            context=edge.context,
            task_group=self,
            peer=client.peer,
            local=client.local,
        )
        await self._stream.handle(request_event(self.stream_id, method, path, headers, "2"))

    async def spawn_app(self, app: ASGIApp, _config: Any, scope: Scope, send: Any) -> Send:
        """Starts the application's task; Hypercorn's stream calls this as part of a task group."""
        # The application sends no trailers, no server push, and no early hints.
        scope["extensions"] = {}
        events = ReceiveQueue(self._on_read)
        account = self._owner.client.account
        room = account.room if account.is_full else None
        self._owner.client.tasks.start(app, scope, events, send, room)
        return events.put

    async def receive(self, data: bytes) -> bool:
        """Passes a piece of the request's body on; returns whether there is an application to read it."""
        if self._stream is None:
            return False
        await self._stream.handle(Body(stream_id=self.stream_id, data=data))
        return True

    async def receive_end(self) -> None:
        """Notes that the request is complete."""
        self.uploading = False
        if self._stream is not None:
            await self._stream.handle(EndBody(stream_id=self.stream_id))

    def refuse(self, refusal: Refusal, *, is_head: bool) -> None:
        """Answers with a problem document."""
        document = self._owner.edge.refusals.document(refusal, self._owner.client.address)
        self._owner.send_head(self.stream_id, document.status, document.headers)
        self.answered = True
        if not is_head:
            self._owner.bodies.append(self.stream_id, document.body)
        self._owner.bodies.finish(self.stream_id)

    async def disconnect(self) -> None:
        """Notifies the application that the client no longer waits for the response."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.handle(StreamClosed(stream_id=self.stream_id))

    def _on_read(self, size: int) -> None:
        self._owner.acknowledge(size, self.stream_id)

    async def _send(self, event: Event) -> None:
        owner = self._owner
        if isinstance(event, Response):
            headers = [pair for pair in event.headers if pair[0] != b"connection"]
            owner.send_head(self.stream_id, event.status_code, headers)
        elif isinstance(event, Body):
            await owner.bodies.write(self.stream_id, event.data)
        elif isinstance(event, EndBody):
            self.answered = True
            owner.bodies.finish(self.stream_id)
        elif isinstance(event, StreamClosed):
            await self.disconnect()
            if not self.answered:
                owner.abort_response(self.stream_id)
