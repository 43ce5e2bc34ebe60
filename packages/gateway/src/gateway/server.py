"""The public HTTP server: Hypercorn, on a port that several gateways may share."""

import asyncio
import logging
import socket
from typing import Self

from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.types import ASGIApp, Receive, Scope, Send

# Beyond this, Hypercorn itself answers 431 without a body; below, our own limit answers with a problem document.
_MAX_HEADER_BYTES = 64 * 1024
_BACKLOG = 1024
# What is left when the context is left is cut off; Hypercorn gets a moment to do it in good order.
_CUT_OFF_S = 0.5


class PublicServer:
    """Serves ``app`` over HTTP/1.1 and HTTP/2 on host:port while the context is entered.

    OSError: the port is not to be had; its text names it.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, drain_s: float) -> None:
        self._app = app
        self._address = (host, port)
        self._drain_s = drain_s
        self._stop = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        config = Config()
        config.bind = [f"fd://{_listen(*self._address).detach()}"]
        config.backlog = _BACKLOG
        config.h11_max_incomplete_size = _MAX_HEADER_BYTES
        config.h2_max_header_list_size = _MAX_HEADER_BYTES
        config.include_server_header = False
        config.errorlog = logging.getLogger("hypercorn.error")
        config.graceful_timeout = self._drain_s
        app = _with_lifespan(self._app)
        self._serving = asyncio.create_task(
            serve(app, config, shutdown_trigger=self._stop.wait),  # type: ignore[arg-type]
            name="public-server",
        )
        return self

    async def drain(self, _seconds: float) -> None:
        """Take no more connections, and return when those that are open have come to their end."""
        self._stop.set()
        if self._serving is not None:
            # Not awaited, for the drain's own time-out must not cancel it: that is what leaving the context does.
            await asyncio.wait({self._serving})

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        if self._serving is not None and not self._serving.done():
            self._serving.cancel()
            await asyncio.wait({self._serving}, timeout=_CUT_OFF_S)


def _with_lifespan(app: ASGIApp) -> ASGIApp:
    """Start and end are our lifecycle's business; Hypercorn's is told that all is well."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return answering


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG, reuse_port=True)
    except OSError as exc:
        raise OSError(exc.errno, f"cannot listen on {host}:{port}: {exc.strerror}") from exc
