"""Requests as raw bytes, for malformed ones."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass

_PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """A response: status is 0 if the connection ended without one, code is that of the problem document or ""."""

    status: int
    code: str = ""

    def __str__(self) -> str:
        return f"{self.status} {self.code}".strip()


async def answer_to(port: int, pieces: Iterable[bytes]) -> RawAnswer:
    """Sends the pieces until the server stops reading, and returns its response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            sending = asyncio.create_task(_send(writer, pieces))
            answer = await _read(reader)
            sending.cancel()
            await asyncio.wait({sending})
            return answer
    finally:
        writer.close()


async def _send(writer: asyncio.StreamWriter, pieces: Iterable[bytes]) -> None:
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            # If the server reads as fast as this writes, `drain` never waits, and the response would not be read.
            await asyncio.sleep(0)
    except ConnectionError:
        return


async def _read(reader: asyncio.StreamReader) -> RawAnswer:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        length = next(int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:"))
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return RawAnswer(0)
    status = int(lines[0].split()[1])
    return RawAnswer(status, str(json.loads(body).get("code", "")) if status >= 400 else "")


def request(verb: bytes, path: bytes, *fields: bytes, body: bytes = b"", token: str = "") -> bytes:
    """Returns a request with exactly these fields, `Host`, and the token if one is given."""
    lines = [verb + b" " + path + b" HTTP/1.1", b"Host: localhost", *fields]
    if token:
        lines.append(b"Authorization: Bearer " + token.encode())
    return b"\r\n".join([*lines, b"", body])
