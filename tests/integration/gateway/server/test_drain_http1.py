"""The drain of HTTP/1 connections: requests in progress and on their way are answered, and clients are notified."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.integration.gateway.server.edge import RunningEdge, running_edge, until
from tests.integration.gateway.server.raw_client import GET, connected, post

DRAIN_S = 5.0
WAIT = GET.replace(b"/x", b"/wait")


@asynccontextmanager
async def draining(edge: RunningEdge) -> AsyncIterator["asyncio.Task[None]"]:
    """Begins the server's drain, which must end in time."""
    task = asyncio.create_task(edge.server.drain(DRAIN_S))
    await until(lambda: edge.server.is_draining)
    yield task
    async with asyncio.timeout(DRAIN_S):
        await task


async def test_drain_without_connections_ends_at_once() -> None:
    async with running_edge(notice_s=60) as edge:
        await asyncio.wait_for(edge.server.drain(DRAIN_S), 1)


async def test_drain_refuses_new_connections() -> None:
    async with running_edge() as edge, connected(edge.port), draining(edge):
        with pytest.raises(ConnectionRefusedError):
            async with connected(edge.port):
                pass


async def test_drain_answers_a_request_in_progress_and_closes_its_connection() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(WAIT)
        await until(lambda: edge.application.waiting)
        async with draining(edge) as drain:
            assert not (await asyncio.wait({drain}, timeout=0.8))[0]
            edge.application.release.set()
            answer = await client.answer()
            assert (answer.status, answer.is_last) == (200, True)
            assert await client.rest() == b""


async def test_drain_keeps_an_idle_connection_for_a_request_on_its_way() -> None:
    async with running_edge(notice_s=1.0) as edge, connected(edge.port) as used, connected(edge.port) as unused:
        used.send(GET)
        assert not (await used.answer()).is_last
        async with draining(edge):
            await asyncio.sleep(0.3)
            for client in (used, unused):
                client.send(GET)
                answer = await client.answer()
                assert (answer.status, answer.is_last) == (200, True)
                assert await client.rest() == b""


async def test_drain_closes_an_idle_connection_in_order_after_the_notice() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(GET)
        await client.answer()
        async with draining(edge):
            assert await client.rest() == b""


async def test_drain_gives_an_incomplete_request_its_time() -> None:
    async with running_edge(notice_s=0.2) as edge, connected(edge.port) as client:
        client.send(GET[:10])
        await asyncio.sleep(0.1)
        async with draining(edge):
            await asyncio.sleep(0.6)
            client.send(GET[10:])
            assert (await client.answer()).is_last


async def test_drain_answers_pipelined_requests_up_to_the_last_response() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(WAIT, GET, GET)
        await until(lambda: edge.application.waiting)
        async with draining(edge):
            edge.application.release.set()
            assert (await client.answer()).is_last
            assert await client.rest() == b""
        assert edge.application.paths() == ["/wait"]


async def test_response_that_began_before_the_drain_is_followed_by_a_close() -> None:
    async with running_edge(notice_s=0.5) as edge, connected(edge.port) as client:
        client.send(GET.replace(b"/x", b"/half"))
        assert b"connection: close" not in await client.head()
        async with draining(edge):
            await asyncio.sleep(0.8)
            edge.application.release.set()
            assert await client.read_exactly(5) == b"hello"
            client.send(GET)
            assert (await client.answer()).is_last


async def test_drain_waits_for_a_request_body_on_its_way() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        request = post(b"/echo", b"0123456789")
        client.send(request[:-5])
        await until(lambda: edge.application.seen)
        async with draining(edge):
            await asyncio.sleep(0.6)
            client.send(request[-5:])
            answer = await client.answer()
            assert (answer.body, answer.is_last) == (b"0123456789", True)


async def test_request_that_outlasts_the_drain_is_aborted() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(post(b"/echo", b"0123456789")[:-5])
        await until(lambda: edge.application.seen)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(edge.server.drain(0.5), 0.5)
        await asyncio.wait_for(edge.server.__aexit__(None, None, None), 1)
        assert edge.connections() == {"idle": 0, "busy": 0}
        assert await client.rest() == b""
