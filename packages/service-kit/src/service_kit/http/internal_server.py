"""An HTTP server for operators: the admin port and the profiling port of a process."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.types import ASGIApp

from service_kit.listening import listen

#: One response per connection: idle connections would delay the shutdown (Hypercorn waits for them on Python 3.12 and
#: later).
ONE_ANSWER = {"connection": "close", "cache-control": "no-store", "x-content-type-options": "nosniff"}
#: How long a response in progress may take when the server stops.
_STOP_TIMEOUT_S = 0.5


@asynccontextmanager
async def internal_server(app: ASGIApp, *, hosts: tuple[str, ...], port: int, name: str) -> AsyncIterator[None]:
    """Serves ``app`` while the context is entered; its responses must have the headers ONE_ANSWER.

    Args:
        app: Answers the requests.
        hosts: The addresses to listen on.
        port: The port to listen on.
        name: Of the task.

    Raises:
        OSError: The port cannot be bound; the text names it.
    """
    config = Config()
    config.bind = [f"fd://{each.detach()}" for each in listen(hosts, port)]
    # A logger, not "-", with which Hypercorn would write lines in a format of its own.
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
