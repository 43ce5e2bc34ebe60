"""One client that takes as much as it can of every shared resource, from its own address on loopback."""

import asyncio
import contextlib
import json
import resource
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

#: Not an address of normal clients or of `attackers`.
_ADDRESS = "127.0.2.1"
_PAUSE_S = 0.05
_CONNECT_WITHIN_S = 5
#: Connections per kind of load; together a few more than one client may have, idle ones last.
_BODIES, _UNREAD, _BUSY, _PASSWORDS, _IDLE = 64, 50, 64, 32, 310
#: Stops the load if a drill fails to.
_MOST_REQUESTS = 200_000


@dataclass(slots=True)
class GreedyResult:
    """What the client got: answered requests, closed and refused connections."""

    answered: int = 0
    cut_off: int = 0


def take_all(port: int, token: str, within_s: float) -> GreedyResult:
    """Takes as much as it can for ``seconds``, with an access token or anonymously."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return asyncio.run(_take_all(port, token, within_s))


async def _take_all(port: int, token: str, within_s: float) -> GreedyResult:
    greed = GreedyResult()
    until = time.monotonic() + within_s
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    page = f"GET /docs HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\n".encode()
    read = f"GET /api/v1/orders?page_size=100 HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\n".encode()
    order = _post("/api/v1/orders", authorization, b'{"currency": "' + b" " * 8000)
    login = _post("/api/v1/sessions", "", json.dumps({"email": "no@example.com", "password": "x" * 20}).encode())
    uses: list[tuple[int, Callable[[_Line], Awaitable[None]]]] = [
        (_BODIES, lambda line: _send_but_one_byte(line, order)),
        (_UNREAD, lambda line: _ask_and_not_read(line, page * 100)),
        (_BUSY, lambda line: _ask_again_and_again(line, read)),
        (_PASSWORDS, lambda line: _ask_again_and_again(line, login)),
        (_IDLE, _hold),
    ]
    tasks = [
        asyncio.create_task(_keep_taking(_Line(port, until, greed), use)) for count, use in uses for _ in range(count)
    ]
    await asyncio.wait(tasks, timeout=within_s)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return greed


@dataclass(slots=True)
class _Line:
    """Keeps one connection of the client, and reopens it whenever it ends."""

    port: int
    until: float
    greed: GreedyResult

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(_CONNECT_WITHIN_S):
            return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(_ADDRESS, 0))


async def _keep_taking(line: _Line, use: Callable[[_Line], Awaitable[None]]) -> None:
    while time.monotonic() < line.until and line.greed.answered < _MOST_REQUESTS:
        with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
            await use(line)
        line.greed.cut_off += 1
        await asyncio.sleep(_PAUSE_S)


def _post(path: str, authorization: str, body: bytes) -> bytes:
    lines = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Type: application/json\r\n"
    return lines.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def _hold(line: _Line) -> None:
    reader, writer = await line.open()
    try:
        while await reader.read(4096):
            pass
    finally:
        writer.close()


async def _send_but_one_byte(line: _Line, request: bytes) -> None:
    reader, writer = await line.open()
    try:
        writer.write(request[:-1])
        while await reader.read(4096):
            pass
    finally:
        writer.close()


async def _ask_and_not_read(line: _Line, requests: bytes) -> None:
    _, writer = await line.open()
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        writer.write(requests)
        # asyncio stops reading when its buffer is full, at twice the limit of the reader (64 KiB).
        await writer.wait_closed()
    finally:
        writer.transport.abort()


async def _ask_again_and_again(line: _Line, request: bytes) -> None:
    reader, writer = await line.open()
    try:
        while time.monotonic() < line.until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
            line.greed.answered += 1
    finally:
        writer.close()


def _length(head: bytes) -> int:
    fields = head.lower().split(b"\r\n")
    lengths = [int(field.partition(b":")[2]) for field in fields if field.startswith(b"content-length:")]
    return lengths[0] if lengths else 0
