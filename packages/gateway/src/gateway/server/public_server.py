"""The public HTTP server: our own accepting, timing and ending around Hypercorn's protocols."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

from opentelemetry.metrics import Meter
from service_kit.listening import listen
from starlette.types import ASGIApp

from gateway.server.bounds import Bounds
from gateway.server.connections import Connections
from gateway.server.descriptors import afford
from gateway.server.edge import Edge
from gateway.server.hypercorn_config import EdgeConfig
from gateway.server.listener import Listener
from gateway.server.refusals import Refusals
from gateway.server.telemetry import Cause, EdgeTelemetry
from gateway.server.turned_away import TurnedAway
from gateway.server.unsent_budget import UnsentBudget

# What is left when the context is left is cut off; tasks get a moment to take notice.
_CUT_OFF_S = 0.5


class PublicServer:
    """Serves ``app`` over HTTP/1.1 and HTTP/2 on each of ``hosts``, at ``port``, while it is entered.

    share_port: whether several processes may listen there; share_setting: what decides that, for the error's text.
    notice_s: how long idle connections are kept once the server drains, for requests that are on their way.
    titles: the title of a reason, for people. is_proxy: whether an address is that of a proxy that we trust.
    OSError: the port is not to be had; its text names it.
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
        bounds = replace(bounds, max_connections=afford(bounds.max_connections))
        self._hosts, self._port = hosts, port
        self._share_port, self._share_setting = share_port, share_setting
        self._telemetry = EdgeTelemetry(meter)
        refusals = Refusals(titles, self._telemetry)
        unsent = UnsentBudget(bounds.max_unsent_bytes)
        self._telemetry.watch_unsent(lambda: unsent.held_bytes)
        self._edge = Edge(app, bounds, EdgeConfig(bounds), refusals, self._telemetry, unsent, notice_s)
        self._connections = Connections(self._edge, is_proxy)
        self._turned_away = TurnedAway(bounds, refusals)
        self._listeners: list[Listener] = []
        self._watching: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where it listens, also when the system has chosen the port."""
        return self._listeners[0].port if self._listeners else self._port

    @property
    def is_draining(self) -> bool:
        return self._edge.draining

    async def __aenter__(self) -> Self:
        taken = listen(self._hosts, self._port, share_port=self._share_port, share_setting=self._share_setting)
        send_timeout_s = self._edge.bounds.send_timeout_s
        self._listeners = [
            Listener(each, self._take, exhausted=self._out_of_descriptors, send_timeout_s=send_timeout_s)
            for each in taken
        ]
        self._watching = asyncio.create_task(self._connections.watch_over(), name="connections")
        return self

    async def drain(self, seconds: float) -> None:
        """Take no more connections, and return when those that are open have come to their end, in good order."""
        self._edge.notice_s = min(self._edge.notice_s, seconds / 2)
        # In this order: clients who are asked for a new connection must not come to this listener with it.
        await asyncio.gather(*(listener.drain() for listener in self._listeners))
        self._connections.begin_drain()
        await self._connections.ended()

    async def __aexit__(self, *_: object) -> None:
        for listener in self._listeners:
            listener.close()
        aborting = asyncio.create_task(self._connections.abort())
        await asyncio.wait({aborting}, timeout=_CUT_OFF_S)
        if self._watching is not None:
            self._watching.cancel()

    def _take(self, sock: socket.socket, peer: Any) -> None:
        cause = self._connections.take(sock, peer)
        if cause is not None:
            self._turned_away.refuse(sock, peer, cause)

    def _out_of_descriptors(self) -> None:
        self._telemetry.refused(Cause.DESCRIPTORS)
