"""A process exits within its drain time and one second, no matter what its clients do."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from tests.integration.gateway.server.edge import HOST
from tests.integration.gateway.server.processes import EdgeProcess, edge_process
from tests.integration.gateway.server.raw_client import GET, connected, post
from tests.running.http2_client import http2_connected

DRAIN_S = 2.0


@pytest.fixture
def process() -> Iterator[EdgeProcess]:
    with edge_process(drain_s=DRAIN_S) as running:
        yield running


async def stop(process: EdgeProcess) -> float:
    return await asyncio.to_thread(process.stop)


async def test_process_with_idle_connections_exits_early(process: EdgeProcess) -> None:
    async with connected(process.port) as client, connected(process.port), http2_connected(process.port) as http2:
        client.send(GET)
        await client.answer()
        assert (await http2.get(b"/x")).status == 200
        assert await stop(process) < DRAIN_S
        await http2.until_closed()


async def test_process_exits_while_a_body_trickles_in(process: EdgeProcess) -> None:
    async with connected(process.port) as client:
        client.send(post(b"/echo", bytes(1000), b"Expect: 100-continue")[:-1000])
        await client.head()  # 100: the application waits for the body
        stopping = asyncio.create_task(stop(process))
        while not stopping.done():
            client.send(b"x")
            await asyncio.sleep(0.05)
        assert DRAIN_S <= await stopping <= DRAIN_S + 1


async def test_process_exits_while_header_fields_trickle_in(process: EdgeProcess) -> None:
    async with connected(process.port) as client:
        client.send(GET[:-2])
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(stop(process))
        while not stopping.done():
            client.send(b"x")
            await asyncio.sleep(0.05)
        assert await stopping <= DRAIN_S + 1


async def test_process_exits_while_a_client_never_reads(process: EdgeProcess) -> None:
    with socket.create_connection((HOST, process.port)) as client:
        client.sendall(GET.replace(b"/x", b"/large"))
        client.recv(1)
        assert await stop(process) <= DRAIN_S + 1


async def test_process_exits_while_a_handler_never_ends(process: EdgeProcess) -> None:
    async with connected(process.port) as client, http2_connected(process.port) as http2:
        client.send(GET.replace(b"/x", b"/wait"))
        http2.start(b"/wait")
        await http2.get(b"/x")
        assert DRAIN_S <= await stop(process) <= DRAIN_S + 1
