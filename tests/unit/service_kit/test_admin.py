"""The admin port, over real connections."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator

import pytest
from service_kit.admin import admin_server
from service_kit.readiness import Readiness


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
async def readiness(port: int) -> AsyncIterator[Readiness]:
    readiness = Readiness()
    async with admin_server(host="127.0.0.1", port=port, readiness=readiness, service="demo", version="1.2"):
        yield readiness


async def get(port: int, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in headers), body


@pytest.mark.usefixtures("readiness")
async def test_alive(port: int) -> None:
    status, headers, body = await get(port, "/livez")
    assert (status, json.loads(body)) == (200, {"live": True})
    assert headers["cache-control"] == "no-store"


async def test_ready_or_not_with_reasons(port: int, readiness: Readiness) -> None:
    async def fails() -> None:
        raise ConnectionError("refused")

    assert (await get(port, "/readyz"))[0] == 200
    readiness.add("redis", fails)
    status, _, body = await get(port, "/readyz")
    assert status == 503
    assert json.loads(body) == {
        "ready": False,
        "checks": {"redis": {"ok": False, "reason": "ConnectionError: refused"}},
    }
    assert (await get(port, "/livez"))[0] == 200


async def test_draining_is_not_ready(port: int, readiness: Readiness) -> None:
    readiness.draining = True
    status, _, body = await get(port, "/readyz")
    assert (status, json.loads(body)["ready"]) == (503, False)


@pytest.mark.usefixtures("readiness")
async def test_metrics_version_and_nothing_else(port: int) -> None:
    status, headers, _ = await get(port, "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert json.loads((await get(port, "/version"))[2]) == {"service": "demo", "version": "1.2"}
    assert (await get(port, "/docs"))[0] == 404
    assert (await get(port, "/metrics", "POST"))[0] == 405


async def test_a_port_in_use_is_named(port: int) -> None:
    server = admin_server(host="127.0.0.1", port=port, readiness=Readiness(), service="d", version="1")
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"),
    ):
        await server.__aenter__()


async def test_it_stops_quickly_under_idle_connections_and_leaves_signals_alone(port: int) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with admin_server(host="127.0.0.1", port=port, readiness=Readiness(), service="d", version="1"):
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
        _, idle = await asyncio.open_connection("127.0.0.1", port)
        _, halfway = await asyncio.open_connection("127.0.0.1", port)
        halfway.write(b"GET /livez HTTP/1.1\r\nHost: ")
        await asyncio.sleep(0.05)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    for writer in (idle, halfway):
        writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_the_port_may_be_taken_again_at_once(port: int) -> None:
    for _ in range(3):
        async with admin_server(host="127.0.0.1", port=port, readiness=Readiness(), service="d", version="1"):
            assert (await get(port, "/livez"))[0] == 200
