"""A server on several addresses, and one whose port is taken."""

import asyncio
import socket

import pytest

from tests.integration.gateway.server.edge import running_edge
from tests.integration.gateway.server.raw_client import GET


async def _status(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(GET)
    line = await reader.readline()
    writer.close()
    return line


@pytest.mark.parametrize("hosts", [("127.0.0.1", "::1"), ("::",), ("0.0.0.0", "::")])
async def test_server_is_reachable_at_every_address(hosts: tuple[str, ...]) -> None:
    async with running_edge(hosts=hosts) as edge:
        for host in ("127.0.0.1", "::1"):
            assert await _status(host, edge.port) == b"HTTP/1.1 200 \r\n"
        await edge.server.drain(1)
        for host in ("127.0.0.1", "::1"):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host, edge.port))


async def test_client_has_the_same_address_over_ipv4_and_mapped_ipv6() -> None:
    async with running_edge(hosts=("::",), max_connections_per_client=1) as edge:
        with socket.create_connection(("127.0.0.1", edge.port)):
            assert b"503" in await _status("127.0.0.1", edge.port)
            assert b"200" in await _status("::1", edge.port)
