"""HTTP/1 as bytes on a connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.integration.gateway.server.edge import HOST

_PATIENCE_S = 10.0
GET = b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(path: bytes, body: bytes, *lines: bytes) -> bytes:
    """A POST with a Content-Length."""
    head = [b"POST " + path + b" HTTP/1.1", b"Host: localhost", b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join([*head, b"", body])


@dataclass(frozen=True)
class Answer:
    """One response."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_last(self) -> bool:
        """Whether the server has announced that it closes the connection."""
        return self.headers.get("connection") == "close"


class RawClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    def send(self, *pieces: bytes) -> None:
        self.writer.write(b"".join(pieces))

    async def send_without_end(self) -> None:
        """Sends until the connection is closed, which raises ConnectionError."""
        while True:
            self.send(bytes(100_000))
            await self.writer.drain()

    async def answer(self) -> Answer:
        """Reads the next response, by its Content-Length; raises IncompleteReadError if the connection ends before."""
        status, *fields = (await self.head()).decode().split("\r\n")[:-2]
        pairs = (line.partition(": ") for line in fields)
        headers = {name.lower(): value for name, _, value in pairs}
        body = await self.read_exactly(int(headers["content-length"]))
        return Answer(int(status.split()[1]), headers, body)

    async def head(self) -> bytes:
        """Reads status line and header fields of the next response."""
        async with asyncio.timeout(_PATIENCE_S):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def read_exactly(self, size: int) -> bytes:
        """Reads exactly so many bytes."""
        async with asyncio.timeout(_PATIENCE_S):
            return await self._reader.readexactly(size)

    async def rest(self) -> bytes:
        """Reads until the server closes the connection; raises ConnectionResetError if it resets it."""
        async with asyncio.timeout(_PATIENCE_S):
            return await self._reader.read()

    async def read(self, size: int) -> bytes:
        """Reads up to so many bytes."""
        async with asyncio.timeout(_PATIENCE_S):
            return await self._reader.read(size)

    async def is_open_for(self, seconds: float) -> bool:
        """Returns whether nothing arrives for so long, not even the end."""
        try:
            await asyncio.wait_for(self._reader.read(1), seconds)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def connected(port: int, *, source: str = HOST) -> AsyncIterator[RawClient]:
    """A connection to ``port``, from ``source``."""
    reader, writer = await asyncio.open_connection(HOST, port, local_addr=(source, 0), limit=2**24)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()


async def exchange(port: int, *pieces: bytes) -> Answer:
    """Returns the response to bytes that are sent on a connection of their own."""
    async with connected(port) as client:
        client.send(*pieces)
        return await client.answer()
