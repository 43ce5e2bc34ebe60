"""The public HTTP server: accepts connections, bounds them, and ends them in order."""

import asyncio
import resource
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

from loguru import logger
from opentelemetry.metrics import Meter
from service_kit.listening import listen
from starlette.types import ASGIApp

from gateway.server.bounds import Bounds
from gateway.server.connection_registry import ConnectionRegistry
from gateway.server.edge import Edge
from gateway.server.hypercorn_adapter import EdgeConfig
from gateway.server.listener import Listener
from gateway.server.overflow import OverflowResponder
from gateway.server.refusals import Refusals
from gateway.server.telemetry import Cause, EdgeTelemetry
from gateway.server.unsent_budget import UnsentBudget

#: File descriptors for connections to services and stores, for the admin port, and for clients that are rejected.
_RESERVED_DESCRIPTORS = 512
#: How long the tasks of connections that are aborted may take to end.
_ABORT_S = 0.5


def affordable_connections(wanted: int) -> int:
    """Returns how many of ``wanted`` connections the limit on file descriptors allows.

    It raises the process's own limit as far as the system allows. A process without file descriptors can neither accept
    connections nor open any.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = wanted + _RESERVED_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < descriptors:
        soft = descriptors if hard == resource.RLIM_INFINITY else min(descriptors, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= descriptors:
        return wanted
    affordable = max(soft - _RESERVED_DESCRIPTORS, soft // 2)
    logger.bind(file_descriptors=soft, connections=affordable, wanted=wanted).warning(
        "too few file descriptors for the maximum of connections"
    )
    return affordable


class PublicServer:
    """Serves ``app`` over HTTP/1.1 and HTTP/2 on each of ``hosts``, at ``port``, while it is entered.

    Args:
        app: Answers the requests.
        hosts: The addresses to listen on.
        port: 0 for one that the system chooses.
        bounds: What clients may use.
        share_port: Whether several processes may listen on the port.
        share_setting: The setting that decides that, for the text of an error.
        notice_s: How long idle connections stay open once the server drains, for requests on their way.
        titles: Returns the title of a problem code.
        is_proxy: Whether an address is that of a trusted proxy.
        meter: For the metrics of the server.

    Raises:
        OSError: On entering: the port cannot be bound; the text names it.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: tuple[str, ...],
        port: int,
        bounds: Bounds,
        *,
        share_port: bool = False,
        share_setting: str = "",
        notice_s: float,
        titles: Callable[[str], str],
        is_proxy: Callable[[str], bool],
        meter: Meter,
    ) -> None:
        bounds = replace(bounds, max_connections=affordable_connections(bounds.max_connections))
        self._hosts, self._port = hosts, port
        self._share_port, self._share_setting = share_port, share_setting
        self._telemetry = EdgeTelemetry(meter)
        refusals = Refusals(titles, self._telemetry)
        unsent = UnsentBudget(bounds.max_unsent_bytes)
        self._telemetry.observe_unsent(lambda: unsent.held_bytes)
        self._edge = Edge(app, bounds, EdgeConfig(bounds), refusals, self._telemetry, unsent, notice_s)
        self._connections = ConnectionRegistry(self._edge, is_proxy)
        self._overflow = OverflowResponder(bounds, refusals)
        self._listeners: list[Listener] = []
        self._checking: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, also if the system has chosen it."""
        return self._listeners[0].port if self._listeners else self._port

    @property
    def is_draining(self) -> bool:
        """Whether it accepts only the last requests of its connections."""
        return self._edge.draining

    async def __aenter__(self) -> Self:
        sockets = listen(self._hosts, self._port, share_port=self._share_port, share_setting=self._share_setting)
        send_timeout_s = self._edge.bounds.send_timeout_s
        self._listeners = [
            Listener(each, self._on_connection, on_exhausted=self._on_exhausted, send_timeout_s=send_timeout_s)
            for each in sockets
        ]
        self._checking = asyncio.create_task(self._connections.check_continuously(), name="connections")
        return self

    async def drain(self, seconds: float) -> None:
        """Accepts no more connections, and waits until those that are open have ended in order.

        Args:
            seconds: How long that may take; half of it is the most that idle connections get.
        """
        self._edge.notice_s = min(self._edge.notice_s, seconds / 2)
        # In this order: the new connection that clients are asked for must not arrive at this listener.
        await asyncio.gather(*(listener.drain() for listener in self._listeners))
        self._connections.begin_drain()
        await self._connections.wait_empty()

    async def __aexit__(self, *_: object) -> None:
        for listener in self._listeners:
            listener.close()
        self._overflow.close()
        aborting = asyncio.create_task(self._connections.abort())
        await asyncio.wait({aborting}, timeout=_ABORT_S)
        if self._checking is not None:
            self._checking.cancel()

    def _on_connection(self, sock: socket.socket, peer: Any) -> None:
        cause = self._connections.admit(sock, peer)
        if cause is not None:
            self._overflow.respond(sock, peer, cause)

    def _on_exhausted(self) -> None:
        self._telemetry.refused(Cause.DESCRIPTORS)
