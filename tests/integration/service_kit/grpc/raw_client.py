"""A client that sends any frames of HTTP/2, well-formed or not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from grpclib.const import Status
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, Event, ResponseReceived, StreamReset, TrailersReceived

from tests.integration.service_kit.grpc.running_server import GET_ORDER, ORDER_ID

E = TypeVar("E", bound=Event)

_PATIENCE_S = 10


class RawClient:
    """One connection. h2: its state, whose frames `flush` sends. events: all that were received."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1"))
        self.events: list[Event] = []
        self.closed = False
        self._reader, self._writer = reader, writer

    async def flush(self) -> None:
        self._writer.write(self.h2.data_to_send())
        await self._writer.drain()

    async def send(self, data: bytes) -> None:
        """Sends bytes unchanged."""
        self._writer.write(data)
        await self._writer.drain()

    def begin(self, token: str, *, path: str = GET_ORDER, more: tuple[tuple[str, str], ...] = ()) -> int:
        """Sends the headers of a call; returns its stream."""
        stream = self.h2.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "test"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("authorization", f"Bearer {token}"),
        ]
        self.h2.send_headers(stream, [*headers, *more])
        return stream

    def get_order(self, token: str, *, more: tuple[tuple[str, str], ...] = ()) -> int:
        """Sends a whole call; returns its stream."""
        stream = self.begin(token, more=more)
        self.h2.send_data(stream, framed(order_request()), end_stream=True)
        return stream

    async def first(self, kind: type[E], where: Callable[[E], bool] = lambda _: True) -> E:
        """Returns the first event of ``kind`` for which ``where`` holds, and waits for it."""
        seen = 0
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                for event in self.events[seen:]:
                    if isinstance(event, kind) and where(event):
                        return event
                seen = len(self.events)
                assert not self.closed, f"closed, after {self.events}"
                await self._read()

    async def status(self, stream: int) -> Status:
        """Returns the status of a call."""

        def ends(event: Event) -> bool:
            return getattr(event, "stream_id", None) == stream and "grpc-status" in headers_of(event)

        async with asyncio.timeout(_PATIENCE_S):
            while True:
                for event in self.events:
                    if ends(event):
                        return Status(int(headers_of(event)["grpc-status"]))
                assert not self.closed, f"closed, after {self.events}"
                await self._read()

    async def reset_of(self, stream: int) -> int:
        """Returns the code with which the server has reset the stream."""
        event = await self.first(StreamReset, lambda reset: reset.stream_id == stream)
        return int(event.error_code or 0)

    @property
    def goodbye(self) -> ConnectionTerminated | None:
        """Returns the server's GOAWAY, if it was received."""
        return next((event for event in self.events if isinstance(event, ConnectionTerminated)), None)

    async def until_closed(self) -> None:
        """Waits until the server has closed its side; raises ConnectionError if it resets the connection."""
        async with asyncio.timeout(_PATIENCE_S):
            while not self.closed:
                await self._read()

    async def _read(self) -> None:
        data = await self._reader.read(65536)
        self.closed = not data
        self.events += self.h2.receive_data(data) if data else []
        if not self.closed:
            await self.flush()

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return


def headers_of(event: Any) -> dict[str, str]:
    """Returns the headers or trailers of an event."""
    if isinstance(event, ResponseReceived | TrailersReceived):
        return {str(name): str(value) for name, value in event.headers or ()}
    return {}


def framed(message: bytes) -> bytes:
    """Returns a message with the prefix of gRPC."""
    return b"\0" + len(message).to_bytes(4) + message


def order_request(order_id: str = ORDER_ID) -> bytes:
    """A GetOrderRequest."""
    text = order_id.encode()
    length, digits = len(text), b""
    while length > 127:
        digits, length = digits + bytes([length & 127 | 128]), length >> 7
    return b"\x0a" + digits + bytes([length]) + text


@asynccontextmanager
async def raw_client(port: int, *, greets: bool = True, source: str = "127.0.0.1") -> AsyncIterator[RawClient]:
    """A connected client. greets: whether it sends the preface. source: its address."""
    client = RawClient(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0)))
    if greets:
        client.h2.initiate_connection()
        await client.flush()
    try:
        yield client
    finally:
        await client.close()
