"""An HTTP server for operators, beside what the process is there for: the admin port, and that of profiles."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.types import ASGIApp

from service_kit.listening import listen

#: One answer a connection: an idle one would hold the shutdown up (Hypercorn waits for them on Python 3.12 and later).
ONE_ANSWER = {"connection": "close", "cache-control": "no-store", "x-content-type-options": "nosniff"}
#: How long (seconds) an answer in flight may take once the server is to stop.
_STOP_TIMEOUT_S = 0.5


@asynccontextmanager
async def internal_server(app: ASGIApp, *, hosts: tuple[str, ...], port: int, name: str) -> AsyncIterator[None]:
    """Serve ``app`` inside the `async with`; its answers carry ONE_ANSWER. ``name``: of the task.

    OSError: the port is not to be had; its text names it.
    """
    config = Config()
    config.bind = [f"fd://{each.detach()}" for each in listen(hosts, port)]
    # A logger, not "-": Hypercorn would write lines of its own beside ours.
    config.errorlog = logging.getLogger("hypercorn.error")
    config.graceful_timeout = _STOP_TIMEOUT_S
    config.include_server_header = False
    stop = asyncio.Event()
    server = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait), name=name)  # type: ignore[arg-type]
    try:
        yield
    finally:
        stop.set()
        done, _ = await asyncio.wait([server], timeout=2 * _STOP_TIMEOUT_S)
        if not done:
            server.cancel()
            await asyncio.wait([server], timeout=_STOP_TIMEOUT_S)
