"""The admin port of a process: probes, metrics, version. Nothing of it is ever on the public port."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from service_kit.metrics import exposition
from service_kit.readiness import Readiness

#: One answer a connection: an idle one would hold the shutdown up (Hypercorn waits for them on Python 3.12 and later).
_HEADERS = {"connection": "close", "cache-control": "no-store"}
#: How long (seconds) an answer in flight may take once the server is to stop.
_STOP_TIMEOUT_S = 0.5


@asynccontextmanager
async def admin_server(
    *, host: str, port: int, readiness: Readiness, service: str, version: str
) -> AsyncIterator[None]:
    """Serve the admin port inside the `async with`. OSError: the port is not to be had; its text names it."""
    config = Config()
    config.bind = [f"fd://{_listen(host, port).detach()}"]
    # A logger, not "-": Hypercorn would write lines of its own beside ours.
    config.errorlog = logging.getLogger("hypercorn.error")
    config.graceful_timeout = _STOP_TIMEOUT_S
    config.include_server_header = False
    stop = asyncio.Event()
    app = admin_app(readiness=readiness, service=service, version=version)
    server = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait), name="admin-server")  # type: ignore[arg-type]
    try:
        yield
    finally:
        stop.set()
        done, _ = await asyncio.wait([server], timeout=2 * _STOP_TIMEOUT_S)
        if not done:
            server.cancel()
            await asyncio.wait([server], timeout=_STOP_TIMEOUT_S)


def admin_app(*, readiness: Readiness, service: str, version: str) -> ASGIApp:
    """`/livez`: the process runs. `/readyz`: it should be sent requests (200) or not (503). `/metrics`, `/version`."""

    async def livez(_request: Request) -> Response:
        return JSONResponse({"live": True}, headers=_HEADERS)

    async def readyz(_request: Request) -> Response:
        report = await readiness.report()
        return JSONResponse(asdict(report), status_code=200 if report.ready else 503, headers=_HEADERS)

    async def metrics(_request: Request) -> Response:
        text, content_type = exposition()
        return Response(text, headers=_HEADERS | {"content-type": content_type})

    async def about(_request: Request) -> Response:
        return JSONResponse({"service": service, "version": version}, headers=_HEADERS)

    async def refuse(_request: Request, exception: Exception) -> Response:
        status = exception.status_code if isinstance(exception, HTTPException) else 500
        return PlainTextResponse("There are GET /livez, /readyz, /metrics and /version.\n", status, _HEADERS)

    endpoints = {"/livez": livez, "/readyz": readyz, "/metrics": metrics, "/version": about}
    return Starlette(
        routes=[Route(path, view) for path, view in endpoints.items()], exception_handlers={HTTPException: refuse}
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as exc:
        raise OSError(exc.errno, f"cannot listen on {host}:{port}: {exc.strerror}") from exc
