"""An HTTP/2 client that can also violate the protocol."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import h2.config
import h2.connection
import h2.events
from h2.exceptions import ProtocolError
from hyperframe.frame import Frame

_PATIENCE_S = 10.0
_FRAME_HEADER_BYTES = 9
Headers = Sequence[tuple[bytes, bytes]]


@dataclass
class Reply:
    """The response on one stream. reset: the code of a RST_STREAM. ended: whether the stream has ended."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    reset: int | None = None
    ended: bool = False

    @property
    def status(self) -> int:
        return int(self.headers[b":status"])

    def json(self) -> Any:
        return json.loads(self.body)


class Http2Client:
    """One connection.

    replies: by stream. goaways: (code, last stream) of each GOAWAY. closed: whether the server has closed it.
    frame_types: of all received frames. reads_bodies: whether window updates are sent for received data.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, reads_bodies: bool) -> None:
        self._reader = reader
        self.writer = writer
        self._reads_bodies = reads_bodies
        # Some tests send what a client must not send.
        config = h2.config.H2Configuration(
            client_side=True, header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.h2 = h2.connection.H2Connection(config)
        self.replies: dict[int, Reply] = {}
        self.goaways: list[tuple[int, int]] = []
        self.pongs = 0
        self.closed = False
        self._buffer = bytearray()
        self.frame_types: list[int] = []
        self._changed = asyncio.Event()
        self.h2.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.writer.write(self.h2.data_to_send())

    def send_frames(self, *frames: Frame) -> None:
        """Sends raw frames."""
        self.writer.write(b"".join(frame.serialize() for frame in frames))

    def start(
        self,
        path: bytes,
        *,
        method: bytes = b"GET",
        headers: Headers = (),
        body: bytes | None = None,
        ends: bool = True,
    ) -> int:
        """Starts a request and returns its stream. ends: whether it has no body."""
        stream_id = self.h2.get_next_available_stream_id()
        pseudo = [(b":method", method), (b":scheme", b"http"), (b":authority", b"localhost"), (b":path", path)]
        return self.start_with([*pseudo, *headers], stream_id, body=body, ends=ends)

    def start_with(self, fields: Headers, stream_id: int, *, body: bytes | None = None, ends: bool = True) -> int:
        """Starts a request with exactly these fields, and returns its stream."""
        self.replies[stream_id] = Reply()
        self.h2.send_headers(stream_id, list(fields), end_stream=ends and body is None)
        if body is not None:
            self.h2.send_data(stream_id, body, end_stream=ends)
        self.flush()
        return stream_id

    async def reply(self, stream_id: int) -> Reply:
        """Waits for the complete response on a stream."""
        reply = self.replies[stream_id]
        await self.until(lambda: reply.ended)
        return reply

    async def get(self, path: bytes, **more: Any) -> Reply:
        """Sends one request and returns its response."""
        return await self.reply(self.start(path, **more))

    async def until(self, condition: Any, within_s: float = _PATIENCE_S) -> None:
        """Waits until ``condition`` is true.

        Raises:
            AssertionError: the connection ended before.
        """
        async with asyncio.timeout(within_s):
            while not condition():
                assert not self.closed, (self.goaways, self.replies)
                self._changed.clear()
                await self._changed.wait()

    async def until_closed(self, within_s: float = _PATIENCE_S) -> None:
        """Waits until the server has closed the connection."""
        await self.until(lambda: self.closed, within_s)

    async def until_ended(self) -> None:
        """Waits until the server has sent a GOAWAY or closed the connection."""
        await self.until(lambda: self.goaways or self.closed)

    async def listen(self) -> None:
        """Reads until the connection ends."""
        try:
            while data := await self._reader.read(65536):
                for event in self._received(data):
                    self._note(event)
                self.flush()
                self._changed.set()
        except ConnectionError:
            pass
        self.closed = True
        self._changed.set()

    def _received(self, data: bytes) -> Iterator[h2.events.Event]:
        """Processes received data frame by frame."""
        self._buffer += data
        while len(self._buffer) >= _FRAME_HEADER_BYTES:
            size = _FRAME_HEADER_BYTES + int.from_bytes(self._buffer[:3])
            if len(self._buffer) < size:
                return
            frame = bytes(self._buffer[:size])
            del self._buffer[:size]
            self.frame_types.append(frame[3])
            # After an error or a GOAWAY, h2 treats the connection as closed. It is not: raw frames get responses that
            # h2 does not expect, and streams before a GOAWAY are completed (RFC 9113, 6.8).
            with suppress(ProtocolError):
                yield from self.h2.receive_data(frame)
            if self.h2.state_machine.state is h2.connection.ConnectionState.CLOSED:
                self.h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN

    def _note(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaways.append((int(event.error_code or 0), int(event.last_stream_id or 0)))
        elif isinstance(event, h2.events.PingAckReceived):
            self.pongs += 1
        reply = self.replies.get(getattr(event, "stream_id", None) or 0)
        if reply is None:
            return
        if isinstance(event, h2.events.ResponseReceived):
            reply.headers = {bytes(name): bytes(value) for name, value in event.headers or ()}
        elif isinstance(event, h2.events.DataReceived):
            reply.body += event.data or b""
            if self._reads_bodies and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, int(event.stream_id or 0))
        elif isinstance(event, h2.events.StreamEnded):
            reply.ended = True
        elif isinstance(event, h2.events.StreamReset):
            reply.reset, reply.ended = int(event.error_code or 0), True


@asynccontextmanager
async def http2_connected(
    port: int, *, host: str = "127.0.0.1", source: str = "127.0.0.1", reads_bodies: bool = True
) -> AsyncIterator[Http2Client]:
    """Yields a connection to host:port, from ``source``."""
    reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
    async with http2_on(reader, writer, reads_bodies=reads_bodies) as client:
        yield client


@asynccontextmanager
async def http2_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, reads_bodies: bool = True
) -> AsyncIterator[Http2Client]:
    """Yields a client on an open connection, and closes it at the end."""
    client = Http2Client(reader, writer, reads_bodies=reads_bodies)
    listening = asyncio.create_task(client.listen())
    try:
        yield client
    finally:
        listening.cancel()
        writer.close()
        await asyncio.wait({listening})
