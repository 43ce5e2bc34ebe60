"""The tasks of one connection: the applications that answer its requests, and the events that they receive."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, cast

from loguru import logger
from starlette.types import ASGIApp, Scope

Send = Callable[[Any], Awaitable[None]]

#: The sender waits while more than this is unread.
_MAX_UNREAD_BYTES = 64 * 1024


class ReceiveQueue:
    """The ASGI events of one request between its connection and its application, each of which may end first.

    Hypercorn's own queue keeps the sender waiting for ever once an application has answered without reading.

    Args:
        on_read: Called with the size (bytes) of each piece of the body that the application has read, or never will.
            With it, the sender does not wait: it bounds by other means what it sends.
    """

    __slots__ = ("_arrival", "_closed", "_events", "_on_read", "_room", "_unread_bytes")

    def __init__(self, on_read: Callable[[int], None] | None = None) -> None:
        self._events: deque[dict[str, Any]] = deque()
        self._unread_bytes = 0
        self._closed = False
        self._on_read = on_read
        self._arrival: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    async def put(self, event: Any) -> None:
        """Adds ``event``; after a piece of a body, waits while too many bytes are unread."""
        size = len(event.get("body", b""))
        if self._closed:
            self._notify_read(size)
            return
        self._events.append(cast("dict[str, Any]", event))
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
        if size:
            self._unread_bytes += size
            if self._on_read is None:
                await self._wait_for_room()

    async def get(self) -> Any:
        """Returns the next event once there is one; `http.disconnect` again and again."""
        while not self._events:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        event = self._events[0]
        if event["type"] != "http.disconnect":
            self._events.popleft()
            size = len(event["body"])
            self._unread_bytes -= size
            self._notify_read(size)
            if self._unread_bytes <= _MAX_UNREAD_BYTES:
                self._wake_sender()
        return event

    @property
    def is_disconnected(self) -> bool:
        """Whether the client has left, and the application has not read that."""
        return bool(self._events) and self._events[-1]["type"] == "http.disconnect"

    def close(self) -> None:
        """Discards all events, those that follow included: the application has ended."""
        self._closed = True
        self._events.clear()
        unread, self._unread_bytes = self._unread_bytes, 0
        self._notify_read(unread)
        self._wake_sender()

    def _notify_read(self, size: int) -> None:
        if size and self._on_read is not None:
            self._on_read(size)

    async def _wait_for_room(self) -> None:
        while self._unread_bytes > _MAX_UNREAD_BYTES and not self._closed:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def _wake_sender(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)


class RequestTasks:
    """Runs applications; Hypercorn's streams use it as their task group.

    Args:
        on_failure: Called when a task fails in a way that leaves the connection in no state to continue.

    Attributes:
        running: The number of applications that run, those of cancelled requests included.
    """

    def __init__(self, on_failure: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[None]] = set()
        self.running = 0

    async def spawn_app(self, app: ASGIApp, _config: Any, scope: Scope, send: Send) -> Send:
        """Starts an application; returns the function that takes the events of its request."""
        events = ReceiveQueue()
        self.start(app, scope, events, send)
        return events.put

    def start(
        self,
        app: ASGIApp,
        scope: Scope,
        events: ReceiveQueue,
        send: Send,
        room: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Starts an application, once ``room`` has returned."""
        self.running += 1
        task = self._loop.create_task(self._answer(app, scope, events, send, room))
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    def cancel(self) -> None:
        """Cancels all tasks."""
        for task in self._tasks:
            task.cancel()

    async def finished(self) -> None:
        """Waits until no task runs."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _answer(
        self,
        app: ASGIApp,
        scope: Scope,
        events: ReceiveQueue,
        send: Send,
        room: Callable[[], Awaitable[None]] | None,
    ) -> None:
        try:
            if room is not None:
                await room()
            if room is None or not events.is_disconnected:
                await app(scope, events.get, send)
        except Exception:  # the other requests of the connection must not suffer from it
            logger.exception("application failed after its response had begun")
        finally:
            self.running -= 1
            events.close()
        await send(None)

    def _on_done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.opt(exception=error).error("http connection aborted")
            self._on_failure()
