"""Load over HTTP/2: clients with many requests at once on one connection."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from h2.errors import ErrorCodes

from tests.faults.load import Record, Seen
from tests.running.http2_client import Http2Client, http2_connected

_PAUSE_S = 0.01


@dataclass(slots=True)
class Http2Load:
    """The state of the load.

    record: the requests, as the kind "http2". goaways: connections that ended with a GOAWAY. served: open connections
    that have had a response. A request that the server reports as unprocessed (RFC 9113, 8.7) is sent again on another
    connection, and counts once.
    """

    record: Record = field(default_factory=Record)
    goaways: int = 0
    served: int = 0


@asynccontextmanager
async def http2_load(port: int, path: bytes, token: str, *, clients: int, at_once: int) -> AsyncIterator[Http2Load]:
    """Keeps ``at_once`` requests in progress on each of ``clients`` connections, within the context."""
    load, stopping = Http2Load(), asyncio.Event()
    headers = [(b"authorization", b"Bearer " + token.encode())]
    ask = _Ask(path, headers, load, stopping)
    workers = [asyncio.create_task(ask.keep_on(port, at_once)) for _ in range(clients)]
    try:
        yield load
    finally:
        stopping.set()
        await asyncio.gather(*workers)


@dataclass(slots=True)
class _Ask:
    path: bytes
    headers: list[tuple[bytes, bytes]]
    load: Http2Load
    stopping: asyncio.Event

    async def keep_on(self, port: int, at_once: int) -> None:
        while not self.stopping.is_set():
            began_s = time.monotonic()
            try:
                async with http2_connected(port) as client:
                    await self._on(client, once=True)
                    self.load.served += 1
                    await asyncio.gather(*(self._on(client) for _ in range(at_once)))
                    self.load.served -= 1
                    self.load.goaways += bool(client.goaways)
            except OSError as exc:
                self._note(began_s, 0, type(exc).__name__)
                await asyncio.sleep(_PAUSE_S)

    async def _on(self, client: Http2Client, *, once: bool = False) -> None:
        while not (self.stopping.is_set() or client.goaways or client.closed):
            began_s, stream_id = time.monotonic(), client.start(self.path, headers=self.headers)
            reply = client.replies[stream_id]
            try:
                await client.until(lambda reply=reply: reply.ended)
            except (AssertionError, TimeoutError) as exc:
                if any(stream_id > last for _, last in client.goaways):
                    return
                self._note(began_s, 0, type(exc).__name__)
                return
            if reply.reset != ErrorCodes.REFUSED_STREAM:
                self._note(began_s, reply.status if reply.headers else 0, "")
            if once:
                return

    def _note(self, began_s: float, status: int, code: str) -> None:
        self.load.record.seen.append(Seen("http2", began_s, time.monotonic() - began_s, status, code))
