"""A gateway receives SIGTERM while hostile clients hold requests open: it still exits in time."""

import asyncio
import contextlib
import signal
import socket
import time

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.own_gateway import OwnGateway, own_gateway
from tests.faults.stage import Stage
from tests.running.http2_client import http2_connected

_DRAIN_S = 2.0
_PAUSE_S = 0.05
_HEAD = b"POST /api/users/log HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

_FRAMINGS = (b"Content-Length: 100000", b"Transfer-Encoding: chunked")


def run(stage: Stage) -> list[Finding]:
    with own_gateway(stage.stack(), DRAIN_S=str(_DRAIN_S)) as gateway:
        return asyncio.run(_run(gateway))


async def _run(gateway: OwnGateway) -> list[Finding]:
    async with contextlib.AsyncExitStack() as clients:
        for beginning in (_HEAD, *(_HEAD + framing + b"\r\n\r\n" for framing in _FRAMINGS)):
            writer = await _begin(gateway.port, beginning, clients)
            trickling = asyncio.create_task(_trickle(writer))
            clients.callback(trickling.cancel)
        _never_read(gateway.port, clients)
        idle = await clients.enter_async_context(http2_connected(gateway.port))
        await idle.get(b"/openapi.json")

        began_s = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        took_s = await asyncio.to_thread(gateway.wait, began_s)
        await idle.until_closed()
    return [
        at_least("time spent waiting for clients", took_s, _DRAIN_S, " s"),
        at_most("time to exit", took_s, _DRAIN_S + 1, " s"),
        counted("exit code", gateway.process.returncode),
        counted("GOAWAY to an idle HTTP/2 connection", len(idle.goaways), 2),
    ]


async def _begin(port: int, beginning: bytes, clients: contextlib.AsyncExitStack) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    clients.callback(writer.close)
    writer.write(beginning)
    await writer.drain()
    return writer


async def _trickle(writer: asyncio.StreamWriter) -> None:
    """Sends a byte periodically: a chunk of a body, or a part of a header field."""
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(b"1\r\nx\r\n")
            await writer.drain()
            await asyncio.sleep(_PAUSE_S)


def _never_read(port: int, clients: contextlib.AsyncExitStack) -> None:
    """Requests more than all buffers on the way can hold."""
    client = clients.enter_context(socket.socket())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)


DRILL = Drill(7, "SIGTERM while a body arrives slowly", "the process exits at the end of the drain", run)
