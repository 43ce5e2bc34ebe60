"""A small HTTP/1.1 client: the load shares two cores with the platform that it measures."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.running.secrets_seen import SEEN


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class HttpConnection:
    """One connection, opened on demand, and reopened after the server has closed it.

    A request is never retried, because the rows measure what a client sees; but a connection that the server has closed
    is replaced before the next request, as every pooled client does.

    Raises:
        OSError, asyncio.IncompleteReadError: the connection broke before the response was complete.
    """

    def __init__(self, url: str, *, source: str | None = None) -> None:
        """source: the client's IP address; None: the system's choice."""
        place = urlsplit(url)
        self._local = None if source is None else (source, 0)
        self._host, self._port = place.hostname or "127.0.0.1", place.port or 80
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def request(
        self, method: str, path: str, *, token: str = "", body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Sends one request and returns its response; a body is sent as JSON."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        SEEN.note_text(head + content)
        try:
            reader, writer = await self._connected()
            writer.write(head + content)
            await writer.drain()
            answer = await _read(reader, bodyless=method == "HEAD")
        except BaseException:
            self.close()
            raise
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        SEEN.note_text(answer.body)
        return answer

    @property
    def local_port(self) -> int:
        """The local port of the connection; 0 while there is none."""
        return int(self._writer.get_extra_info("sockname")[1]) if self._writer is not None else 0

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is not None and self._reader.at_eof():
            self.close()
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port, local_addr=self._local)
        return self._reader, self._writer

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _read(reader: asyncio.StreamReader, *, bodyless: bool) -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    status_line, *fields = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    status = int(status_line.split(" ", 2)[1])
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    if status == 100:
        return await _read(reader, bodyless=bodyless)
    if bodyless or status in {204, 304}:
        return Answer(status, headers, b"")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Answer(status, headers, await _chunks(reader))
    return Answer(status, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return body
