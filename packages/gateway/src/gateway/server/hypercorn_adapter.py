"""The adapter to Hypercorn: its configuration, and its streams, which turn events of HTTP into those of ASGI."""

from collections.abc import Awaitable, Callable
from time import time
from typing import Any
from wsgiref.handlers import format_date_time

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol.events import Event, Request
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import ConnectionState
from starlette.types import ASGIApp

from gateway.server.bounds import Bounds


class EdgeConfig(Config):
    """No log of Hypercorn's, and no response field of it but `date`, which is formatted once a second."""

    accesslog = None
    errorlog = None
    include_server_header = False

    def __init__(self, bounds: Bounds) -> None:
        self.h11_max_incomplete_size = 2 * bounds.max_header_bytes
        self.h2_max_header_list_size = 2 * bounds.max_header_bytes
        self.h2_max_concurrent_streams = bounds.http2_max_streams
        self.keep_alive_max_requests = bounds.max_requests_per_connection
        self._second = 0
        self._headers: list[tuple[bytes, bytes]] = []

    def response_headers(self, protocol: str = "") -> list[tuple[bytes, bytes]]:
        """Returns the header fields of every response; callers must not change the list."""
        second = int(time())
        if second != self._second:
            self._second = second
            self._headers = [(b"date", format_date_time(second).encode("ascii"))]
        return self._headers


def worker_context() -> WorkerContext:
    """Returns what Hypercorn's streams want to know of a worker: here, that it has no bound on its requests."""
    return WorkerContext(None)


def http_stream(
    app: ASGIApp,
    send: Callable[[Event], Awaitable[None]],
    stream_id: int,
    *,
    config: EdgeConfig,
    context: WorkerContext,
    task_group: Any,
    peer: Any,
    local: Any,
) -> HTTPStream:
    """Returns Hypercorn's stream of one request.

    Args:
        app: Answers the request. Hypercorn only passes it to the task group.
        send: Takes the events of the response.
        stream_id: The request's, in HTTP/2.
        config: Of the server.
        context: Of the worker.
        task_group: Starts the application: its `spawn_app` is all that a stream calls.
        peer: The address of the client.
        local: The address of the server.
    """
    passed_on: Any = app
    return HTTPStream(passed_on, config, context, task_group, False, peer, local, send, stream_id)


def request_event(
    stream_id: int, method: bytes, path: bytes, headers: list[tuple[bytes, bytes]], http_version: str
) -> Request:
    """Returns the event that begins a request."""
    return Request(
        stream_id=stream_id,
        headers=headers,
        http_version=http_version,
        method=method.decode("ascii"),
        raw_path=path,
        state=ConnectionState({}),
    )
