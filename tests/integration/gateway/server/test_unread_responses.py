"""Clients that do not read their responses use bounded memory, and do not harm other clients."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import psutil
import pytest
from h2.settings import SettingCodes, Settings
from hyperframe.frame import SettingsFrame, WindowUpdateFrame

from tests.integration.gateway.server.edge import LARGE_BYTES, running_edge, until
from tests.integration.gateway.server.processes import EdgeProcess, edge_process
from tests.integration.gateway.server.raw_client import GET, connected
from tests.running.http2_client import Http2Client, http2_connected
from tests.running.polling import in_time

_MIB = 1024 * 1024
_CONNECTIONS = 50
_STREAMS = 100
_MOST_MIB = 16
_LARGEST_WINDOW = 2**31 - 1
_OTHER = "127.0.0.2"


@pytest.fixture(scope="module")
def process() -> Iterator[EdgeProcess]:
    with edge_process() as running:
        yield running


def rss_mib(process: EdgeProcess) -> float:
    return float(psutil.Process(process.process.pid).memory_info().rss) / _MIB


@asynccontextmanager
async def windowed(port: int, window_bytes: int, source: str = "127.0.0.1") -> AsyncIterator[Http2Client]:
    """A client whose streams have such an initial window, and which never acknowledges anything."""
    async with http2_connected(port, source=source, reads_bodies=False) as client:
        client.send_frames(SettingsFrame(0, settings={SettingCodes.INITIAL_WINDOW_SIZE: window_bytes}))
        client.h2.local_settings = Settings(
            client=True, initial_values={SettingCodes.INITIAL_WINDOW_SIZE: window_bytes}
        )
        if window_bytes == _LARGEST_WINDOW:
            client.send_frames(WindowUpdateFrame(0, window_increment=_LARGEST_WINDOW - 65_535))
        yield client


async def assert_served(port: int, source: str) -> None:
    """Fails unless a new connection is served, at the latest when the server has seen the others of the client end."""

    async def served() -> bool | None:
        async with http2_connected(port, source=source) as other:
            other.start(b"/x")
            await other.until(lambda: other.closed or other.replies[1].ended)
            return True if other.replies[1].ended and other.replies[1].status == 200 else None

    assert await in_time(served, within_s=10)


@pytest.mark.parametrize("path", [b"/page", b"/list", b"/pieces", b"/x"])
@pytest.mark.parametrize("window_bytes", [0, 1, 65_535, _LARGEST_WINDOW])
async def test_unread_responses_use_little_memory(process: EdgeProcess, path: bytes, window_bytes: int) -> None:
    await assert_served(process.port, _OTHER)
    before = rss_mib(process)
    async with AsyncExitStack() as stack, http2_connected(process.port, source=_OTHER) as other:
        for number in range(_CONNECTIONS):
            client = await stack.enter_async_context(windowed(process.port, window_bytes))
            if window_bytes == _LARGEST_WINDOW:
                client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            for _ in range(_STREAMS):
                client.start(path)
            if number % 10 == 0:
                assert (await other.get(b"/x")).status == 200
        assert (await other.get(b"/page")).status == 200
        assert rss_mib(process) - before <= _MOST_MIB
    await assert_served(process.port, "127.0.0.1")


@pytest.mark.parametrize("path", [b"/page", b"/list", b"/pieces"])
async def test_unread_http1_responses_use_little_memory(process: EdgeProcess, path: bytes) -> None:
    await assert_served(process.port, _OTHER)
    before = rss_mib(process)
    async with AsyncExitStack() as stack:
        for _ in range(_CONNECTIONS):
            client = await stack.enter_async_context(connected(process.port))
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            client.send(GET.replace(b"/x", path) * _STREAMS)
        await assert_served(process.port, _OTHER)
        await asyncio.sleep(0.2)
        assert rss_mib(process) - before <= _MOST_MIB


async def test_unread_responses_of_many_clients_share_a_bound() -> None:
    async with running_edge(max_unsent_bytes=4 * _MIB) as edge, AsyncExitStack() as stack:
        for number in range(40):
            source = f"127.0.3.{number + 1}"
            client = await stack.enter_async_context(windowed(edge.port, 0, source))
            for _ in range(_STREAMS):
                client.start(b"/x")
        await assert_served(edge.port, _OTHER)
        assert edge.unsent_bytes() <= 4 * _MIB
        assert edge.refusals().keys() == {"unsent_bytes"}
    await until(lambda: edge.unsent_bytes() == 0)


async def test_client_that_reads_keeps_its_connection_when_the_budget_is_exhausted() -> None:
    async with running_edge(max_unsent_bytes=8 * LARGE_BYTES) as edge, http2_connected(edge.port) as reading:
        slow = reading.start(b"/large")
        await reading.until(lambda: reading.replies[slow].body)
        async with AsyncExitStack() as stack:
            for _ in range(5):
                client = await stack.enter_async_context(windowed(edge.port, 0))
                client.start(b"/large")
            assert (await reading.reply(slow)).body == bytes(LARGE_BYTES)
            assert (await reading.get(b"/large")).body == bytes(LARGE_BYTES)
            assert set(edge.refusals()) == {"unsent_bytes"}
            assert reading.goaways == []


async def test_further_requests_wait_for_room_in_the_budget() -> None:
    async with running_edge(max_unsent_bytes=10 * LARGE_BYTES) as edge, windowed(edge.port, 0) as client:
        first = client.start(b"/large")
        await until(lambda: edge.unsent_bytes() >= LARGE_BYTES)
        second, third = client.start(b"/x"), client.start(b"/wait")
        client.h2.reset_stream(third)
        client.flush()
        await assert_served(edge.port, _OTHER)
        assert edge.application.paths() == ["/large", "/x"]
        client.h2.reset_stream(first)
        client.flush()
        client.h2.increment_flow_control_window(100, second)
        client.flush()
        await client.until(lambda: client.replies[second].ended)
        assert bytes(client.replies[second].body) == b"hello"
        assert edge.application.paths() == ["/large", "/x", "/x"]


async def test_window_that_opens_byte_by_byte_is_shared_in_turns() -> None:
    async with running_edge() as edge, windowed(edge.port, 0) as client:
        streams = [client.start(b"/x") for _ in range(3)]
        for _ in range(5):
            for stream in streams:
                client.h2.increment_flow_control_window(1, stream)
        client.flush()
        assert [bytes((await client.reply(stream)).body) for stream in streams] == [b"hello"] * 3
        assert edge.unsent_bytes() == 0


async def test_connection_window_is_shared_in_turns() -> None:
    async with running_edge() as edge, windowed(edge.port, 2**24) as client:
        first, second = client.start(b"/large"), client.start(b"/large")
        client.h2.increment_flow_control_window(200_000)
        client.flush()
        await client.until(lambda: len(client.replies[second].body) > 50_000)
        assert len(client.replies[first].body) < LARGE_BYTES
        assert edge.refusals() == {}


@pytest.mark.parametrize("path", [b"/x", b"/large", b"/half"])
async def test_windows_changed_by_settings_lose_no_data(path: bytes) -> None:
    async with running_edge(max_unsent_bytes=1024 * _MIB) as edge, http2_connected(edge.port) as client:
        edge.application.release.set()
        for window_bytes in (0, 1, 100_000, 0, 3):
            client.send_frames(SettingsFrame(0, settings={SettingCodes.INITIAL_WINDOW_SIZE: window_bytes}))
            stream = client.start(path)
        largest = 10 * _MIB
        client.send_frames(SettingsFrame(0, settings={SettingCodes.INITIAL_WINDOW_SIZE: largest}))
        for each in client.h2.streams.values():
            each._inbound_flow_control_change_from_settings(largest - 65_535)
        client.h2.increment_flow_control_window(100 * _MIB)
        client.flush()
        expected = LARGE_BYTES if path == b"/large" else len(b"hello")
        for number in range(1, stream + 1, 2):
            await client.until(lambda reply=client.replies[number]: len(reply.body) == expected)
        assert edge.refusals() == {}
        await until(lambda: edge.unsent_bytes() == 0)
