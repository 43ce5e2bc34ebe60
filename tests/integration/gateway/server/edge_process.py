"""A process with a public server and nothing behind it: python -m … PORT DRAIN_S.

It lives as the gateway does: under uvloop, in a Lifecycle. GET /wait takes as long as the process, /page is the same
object each time, /list another one, and /pieces comes in pieces.
"""

import asyncio
import sys

import uvloop
from gateway.server import Bounds, PublicServer
from opentelemetry.metrics import get_meter
from service_kit.lifecycle import Lifecycle
from service_kit.runtime.allocator import release_large_blocks
from starlette.types import Receive, Scope, Send

from tests.integration.gateway.server.edge import BOUNDS, HOST

_PAGE = bytes(1_500_000)


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/wait":
        await asyncio.Event().wait()
    body = b"hello"
    if scope["path"] == "/echo":
        body, more = b"", True
        while more:
            event = await receive()
            more = event.get("more_body", False)
            body += event.get("body", b"")
    if scope["path"] == "/large":
        body = bytes(16 * 1024 * 1024)
    if scope["path"] == "/page":
        body = _PAGE
    if scope["path"] == "/list":
        body = bytes(1_000_000)
    headers = [] if scope["path"] == "/pieces" else [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if scope["path"] == "/pieces":
        for _ in range(20):
            await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
        body = b""
    await send({"type": "http.response.body", "body": body})


async def _serve(port: int, drain_s: float) -> None:
    async with Lifecycle(drain_s) as lifecycle:
        server = PublicServer(
            _answer,
            (HOST,),
            port,
            Bounds(**BOUNDS | {"max_connections_per_client": 10_000}),
            share_port=True,
            notice_s=0.5,
            titles=str.capitalize,
            is_proxy=lambda _: False,
            meter=get_meter("edge"),
        )
        await lifecycle.enter("http", server)
        lifecycle.on_drain("http", server.drain)
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        await lifecycle.run()


if __name__ == "__main__":
    release_large_blocks()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
