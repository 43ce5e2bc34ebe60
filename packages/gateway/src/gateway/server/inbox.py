"""The way of a request's events to its application."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

# Who sends waits until the application has caught up.
_MAX_BYTES = 64 * 1024


class Inbox:
    """A queue between one sender and one receiver, of which each may be gone before the other.

    Hypercorn's own queue keeps the sender waiting for ever once an application has answered without reading.

    on_read: called with the size of each piece that the application has taken, or never will (bytes). With it, the
    sender does not wait: it bounds by other means what it sends.
    """

    __slots__ = ("_arrival", "_bytes", "_closed", "_events", "_on_read", "_room")

    def __init__(self, on_read: Callable[[int], None] | None = None) -> None:
        self._events: deque[dict[str, Any]] = deque()
        self._bytes = 0
        self._closed = False
        self._on_read = on_read
        self._arrival: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    async def put(self, event: Any) -> None:
        """Hand ``event`` over; a piece of a body waits while too many bytes are unread."""
        size = len(event.get("body", b""))
        if self._closed:
            self._note_read(size)
            return
        self._events.append(cast("dict[str, Any]", event))
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
        if size:
            self._bytes += size
            if self._on_read is None:
                await self._until_read()

    async def get(self) -> Any:
        """The next event; the client's leaving again and again."""
        while not self._events:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        event = self._events[0]
        if event["type"] != "http.disconnect":
            self._events.popleft()
            size = len(event["body"])
            self._bytes -= size
            self._note_read(size)
            if self._bytes <= _MAX_BYTES:
                self._let_on()
        return event

    @property
    def has_left(self) -> bool:
        """Whether the client has left before anything was read."""
        return bool(self._events) and self._events[-1]["type"] == "http.disconnect"

    def close(self) -> None:
        """Nobody reads any more: throw away what is there and what comes."""
        self._closed = True
        self._events.clear()
        unread, self._bytes = self._bytes, 0
        self._note_read(unread)
        self._let_on()

    def _note_read(self, size: int) -> None:
        if size and self._on_read is not None:
            self._on_read(size)

    async def _until_read(self) -> None:
        while self._bytes > _MAX_BYTES and not self._closed:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def _let_on(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
