"""The way of a request's events to its application."""

import asyncio
from collections import deque
from typing import Any, cast

# Who sends waits until the application has caught up.
_MAX_BYTES = 64 * 1024


class Inbox:
    """A queue between one sender and one receiver, of which each may be gone before the other.

    Hypercorn's own queue keeps the sender waiting for ever once an application has answered without reading.
    """

    __slots__ = ("_arrival", "_bytes", "_closed", "_events", "_room")

    def __init__(self) -> None:
        self._events: deque[dict[str, Any]] = deque()
        self._bytes = 0
        self._closed = False
        self._arrival: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    async def put(self, event: Any) -> None:
        """Hand ``event`` over; a piece of a body waits while too many bytes are unread."""
        if self._closed:
            return
        self._events.append(cast("dict[str, Any]", event))
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
        size = len(event.get("body", b""))
        if size:
            self._bytes += size
            await self._until_read()

    async def get(self) -> Any:
        """The next event; the client's leaving again and again."""
        while not self._events:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        event = self._events[0]
        if event["type"] != "http.disconnect":
            self._events.popleft()
            self._bytes -= len(event["body"])
            if self._bytes <= _MAX_BYTES:
                self._let_on()
        return event

    def close(self) -> None:
        """Nobody reads any more: throw away what is there and what comes."""
        self._closed = True
        self._events.clear()
        self._let_on()

    async def _until_read(self) -> None:
        while self._bytes > _MAX_BYTES and not self._closed:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def _let_on(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
