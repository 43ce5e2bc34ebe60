"""The maximum of connections, per client and in total."""

import asyncio
import resource
import socket
from contextlib import AsyncExitStack

import pytest
from gateway.server.public_server import affordable_connections
from loguru import logger

from tests.integration.gateway.server.edge import RunningEdge, running_edge, until
from tests.integration.gateway.server.raw_client import GET, RawClient, connected, exchange

OTHER = "127.0.0.2"
WAIT = GET.replace(b"/x", b"/wait")


async def busy(edge: RunningEdge, clients: AsyncExitStack, count: int) -> list[RawClient]:
    """Opens so many connections with a request in progress."""
    opened = []
    for _ in range(count):
        client = await clients.enter_async_context(connected(edge.port))
        client.send(WAIT)
        opened.append(client)
    await until(lambda: edge.application.waiting >= count)
    return opened


async def test_each_client_has_its_own_maximum_of_connections() -> None:
    async with running_edge(max_connections_per_client=3) as edge, AsyncExitStack() as clients:
        first, *_ = await busy(edge, clients, 3)
        refused = await clients.enter_async_context(connected(edge.port))
        answer = await refused.answer()
        assert (answer.status, answer.json()["code"], answer.is_last) == (503, "TOO_MANY_CONNECTIONS", True)
        decision = {"policy": "connections", "state": "client_connections", "limit": 3, "retry_after_s": 1}
        assert answer.json()["decision"] == decision
        assert answer.headers["retry-after"] == "1"

        other = await clients.enter_async_context(connected(edge.port, source=OTHER))
        other.send(GET)
        assert (await other.answer()).status == 200

        first.writer.close()
        edge.application.release.set()
        await until(lambda: edge.connections() == {"idle": 3, "busy": 0})
        assert (await exchange(edge.port, GET)).status == 200
        assert edge.refusals() == {"client_connections": 1}


async def test_rejected_client_that_sends_its_request_can_read_the_response() -> None:
    async with running_edge(max_connections_per_client=1) as edge, AsyncExitStack() as clients:
        await busy(edge, clients, 1)
        refused = await clients.enter_async_context(connected(edge.port))
        await asyncio.sleep(0.1)
        refused.send(GET)
        assert (await refused.answer()).status == 503


async def test_trusted_proxy_has_no_maximum_per_client() -> None:
    async with (
        running_edge(max_connections_per_client=1, is_proxy=lambda address: address == "127.0.0.1") as edge,
        AsyncExitStack() as clients,
    ):
        await busy(edge, clients, 5)
        assert edge.connections() == {"idle": 0, "busy": 5}


async def test_longest_idle_connection_makes_room_when_the_server_is_full() -> None:
    async with running_edge(max_connections=3) as edge, AsyncExitStack() as clients:
        (working,) = await busy(edge, clients, 1)
        oldest = await clients.enter_async_context(connected(edge.port))
        younger = await clients.enter_async_context(connected(edge.port))
        for client in (younger, oldest, younger):
            client.send(GET)
            await client.answer()

        assert (await exchange(edge.port, GET)).status == 200
        assert await oldest.rest() == b""
        younger.send(GET)
        assert (await younger.answer()).status == 200
        edge.application.release.set()
        assert (await working.answer()).status == 200


async def test_new_connections_are_rejected_when_all_are_busy() -> None:
    async with running_edge(max_connections=2) as edge, AsyncExitStack() as clients:
        await busy(edge, clients, 2)
        refused = await clients.enter_async_context(connected(edge.port))
        answer = await refused.answer()
        assert (answer.status, answer.json()["decision"]["state"]) == (503, "connections")
        assert edge.refusals() == {"connections": 1}


async def test_many_rejected_connections_are_logged_once() -> None:
    lines: list[str] = []
    handler = logger.add(lambda line: lines.append(str(line)), level="WARNING", format="{message} {extra[cause]}")
    try:
        async with running_edge(max_connections=1) as edge, AsyncExitStack() as clients:
            await busy(edge, clients, 1)
            for _ in range(300):
                assert (await exchange(edge.port)).status == 503
    finally:
        logger.remove(handler)
    assert len(lines) == 1
    assert lines[0].strip() == "connections rejected connections"


def test_maximum_of_connections_is_limited_by_file_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 2048))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    assert affordable_connections(400) == 400
    assert asked == []
    assert affordable_connections(1000) == 1000
    assert asked == [(1512, 2048)]
    assert affordable_connections(5000) == 2048 - 512


async def test_listener_accepts_again_after_descriptors_were_exhausted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_edge() as edge:
        accept = socket.socket.accept
        left = [2]

        def failing(listener: socket.socket) -> tuple[socket.socket, object]:
            if left[0]:
                left[0] -= 1
                raise OSError(24, "Too many open files")
            return accept(listener)

        monkeypatch.setattr(socket.socket, "accept", failing)
        assert (await exchange(edge.port, GET)).status == 200
        assert edge.refusals() == {"descriptors": 2}
