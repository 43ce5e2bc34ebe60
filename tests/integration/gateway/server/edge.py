"""A public server in the test's process, with an application whose behaviour depends on the path."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.server import Bounds, PublicServer
from starlette.types import Receive, Scope, Send

from tests.unit.gateway.metrics import RecordedMetrics

#: Bounds that no test reaches by accident.
BOUNDS: dict[str, Any] = {
    "max_target_bytes": 8 * 1024,
    "max_headers": 100,
    "max_header_bytes": 16 * 1024,
    "header_timeout_s": 10.0,
    "request_timeout_s": 10.0,
    "keep_alive_timeout_s": 10.0,
    "send_timeout_s": 10.0,
    "max_unsent_bytes": 256 * 1024 * 1024,
    "max_connections": 1000,
    "max_connections_per_client": 1000,
    "max_requests_per_connection": 1000,
    "http2_max_streams": 100,
    "http2_max_resets": 200,
    "http2_max_control_frames": 1000,
}
HOST = "127.0.0.1"
LARGE_BYTES = 8 * 1024 * 1024


@dataclass
class Application:
    """Answers 200: /echo with the body, /large with very much, /wait once `release` is set, /half in two halves, the
    second then, /broken by half; any other path without having looked at the body.

    seen: the scopes of all requests. waiting: how many have waited. left: clients that went before their body had come.
    """

    seen: list[Scope] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    left: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen.append(scope)
        path = scope["path"]
        if path == "/wait":
            self.waiting += 1
            await self.release.wait()
        body = await self._read(receive) if path == "/echo" else b"hello"
        if path == "/large":
            body = bytes(LARGE_BYTES)
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if path == "/broken":
            await send({"type": "http.response.body", "body": body[:2], "more_body": True})
            raise RuntimeError("broken")
        if path == "/half":
            await send({"type": "http.response.body", "body": body[:2], "more_body": True})
            await self.release.wait()
            body = body[2:]
        await send({"type": "http.response.body", "body": body})

    async def _read(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                self.left += 1
                return bytes(body)
            body += event["body"]
            if not event["more_body"]:
                return bytes(body)

    def paths(self) -> list[str]:
        return [scope["path"] for scope in self.seen]


@dataclass
class RunningEdge:
    """The server, its application, and its metrics."""

    server: PublicServer
    application: Application
    metrics: RecordedMetrics

    @property
    def port(self) -> int:
        return self.server.port

    def refusals(self) -> dict[str, float]:
        """Returns the number of refusals by cause."""
        points = self.metrics.points("headrace.gateway.edge.refusals")
        return {str(attributes["cause"]): value for attributes, value in points if value}

    def unsent_bytes(self) -> float:
        """Returns the size of unread responses."""
        return sum(value for _, value in self.metrics.points("headrace.gateway.unsent"))

    def connections(self) -> dict[str, float]:
        """Returns the number of connections by state."""
        points = self.metrics.points("headrace.gateway.connections")
        return {str(attributes["state"]): value for attributes, value in points}


@asynccontextmanager
async def running_edge(
    *,
    hosts: tuple[str, ...] = (HOST,),
    notice_s: float = 0.3,
    is_proxy: Callable[[str], bool] = lambda _: False,
    **bounds: Any,
) -> AsyncIterator[RunningEdge]:
    """A server on a port of its own; ``bounds`` replace those in BOUNDS."""
    application, metrics = Application(), RecordedMetrics()
    server = PublicServer(
        application,
        hosts,
        0,
        Bounds(**{**BOUNDS, **bounds}),
        notice_s=notice_s,
        titles=str.capitalize,
        is_proxy=is_proxy,
        meter=metrics.meter,
    )
    async with server:
        yield RunningEdge(server, application, metrics)


async def until(condition: Callable[[], object], *, within_s: float = 5.0) -> None:
    """Waits for ``condition``; raises AssertionError if it has not come true in time."""
    try:
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110 (it is about what the server does by itself)
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError("the condition has not come true") from None
