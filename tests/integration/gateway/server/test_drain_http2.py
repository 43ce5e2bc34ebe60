"""The drain of HTTP/2 connections: GOAWAY twice (RFC 9113, 6.8); every request is answered, or may be retried."""

import asyncio

from h2.errors import ErrorCodes
from hyperframe.frame import SettingsFrame

from tests.integration.gateway.server.edge import HOST, running_edge, until
from tests.integration.gateway.server.test_drain_http1 import draining
from tests.running.http2_client import http2_connected, http2_on

ANY = (ErrorCodes.NO_ERROR, 2**31 - 1)


async def test_requests_in_progress_and_on_their_way_are_answered() -> None:
    async with running_edge(notice_s=0.5) as edge, http2_connected(edge.port) as client:
        early = client.start(b"/wait")
        await until(lambda: edge.application.waiting)
        async with draining(edge):
            await client.until(lambda: client.goaways)
            assert client.goaways == [ANY]
            assert (await client.get(b"/x")).status == 200
            late = client.start(b"/wait")
            await client.until(lambda: len(client.goaways) == 2)
            edge.application.release.set()
            assert [(await client.reply(stream)).status for stream in (early, late)] == [200, 200]
            await client.until_closed()
        assert client.goaways == [ANY, (ErrorCodes.NO_ERROR, late)]


async def test_request_after_the_final_goaway_may_be_retried_elsewhere() -> None:
    async with running_edge(notice_s=0.2) as edge, http2_connected(edge.port) as client:
        waiting = client.start(b"/wait")
        await until(lambda: edge.application.waiting)
        async with draining(edge):
            await client.until(lambda: len(client.goaways) == 2)
            assert client.goaways[1] == (ErrorCodes.NO_ERROR, waiting)
            assert (await client.get(b"/x")).reset == ErrorCodes.REFUSED_STREAM
            edge.application.release.set()
            assert (await client.reply(waiting)).status == 200
        assert edge.application.paths() == ["/wait"]


async def test_idle_connection_gets_notice_and_is_then_closed() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as used, http2_connected(edge.port) as unused:
        await used.get(b"/x")
        async with draining(edge):
            await used.until_closed()
            await unused.until_closed()
        assert used.goaways == [ANY, (ErrorCodes.NO_ERROR, 1)]
        assert unused.goaways == [ANY, (ErrorCodes.NO_ERROR, 0)]


async def test_client_that_begins_http2_during_the_drain_gets_goaway_and_is_answered() -> None:
    async with running_edge(notice_s=1.0) as edge:
        reader, writer = await asyncio.open_connection(HOST, edge.port)
        await until(lambda: edge.connections() == {"idle": 1, "busy": 0})
        async with draining(edge), http2_on(reader, writer) as client:
            assert (await client.get(b"/x")).status == 200
            await client.until_closed()
        assert client.goaways == [ANY, (ErrorCodes.NO_ERROR, 1)]
        # The settings come first (RFC 9113, 3.4).
        assert client.frame_types[0] == SettingsFrame.type


async def test_drain_waits_for_a_request_body_on_its_way() -> None:
    async with running_edge(notice_s=0.2) as edge, http2_connected(edge.port) as client:
        stream = client.start(b"/echo", method=b"POST", body=b"01234", ends=False)
        await until(lambda: edge.application.seen)
        async with draining(edge):
            await client.until(lambda: len(client.goaways) == 2)
            await asyncio.sleep(0.3)
            client.h2.send_data(stream, b"56789", end_stream=True)
            client.flush()
            assert (await client.reply(stream)).body == b"0123456789"
