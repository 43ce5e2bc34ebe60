"""Timeouts: with a response if a request has begun, and without one otherwise."""

import asyncio
import socket

import pytest

from tests.integration.gateway.server.edge import HOST, running_edge, until
from tests.integration.gateway.server.raw_client import GET, connected, post


async def test_slow_header_fields_are_refused_with_408() -> None:
    async with running_edge(header_timeout_s=0.5) as edge, connected(edge.port) as client:
        for byte in GET[:10]:
            client.send(bytes([byte]))
            await asyncio.sleep(0.02)
        answer = await client.answer()
        assert (answer.status, answer.json()["code"], answer.is_last) == (408, "HEADERS_TIMEOUT", True)
        assert await client.rest() == b""
        assert edge.refusals() == {"headers_timeout": 1}


async def test_header_timeout_runs_from_the_first_byte_of_a_further_request() -> None:
    async with running_edge(header_timeout_s=0.5) as edge, connected(edge.port) as client:
        client.send(GET)
        assert (await client.answer()).status == 200
        assert await client.is_open_for(0.9)
        client.send(GET[:10])
        assert (await client.answer()).status == 408


async def test_incomplete_request_behind_a_complete_one_gets_no_more_time() -> None:
    async with running_edge(header_timeout_s=0.5) as edge, connected(edge.port) as client:
        client.send(GET + GET[:10])
        assert (await client.answer()).status == 200
        assert (await client.answer()).status == 408


async def test_connection_without_any_request_is_closed_without_a_response() -> None:
    async with running_edge(header_timeout_s=0.3) as edge, connected(edge.port) as client:
        assert await client.rest() == b""
        assert edge.refusals() == {}


async def test_idle_connection_is_closed_without_a_response() -> None:
    async with running_edge(keep_alive_timeout_s=0.3) as edge, connected(edge.port) as client:
        client.send(GET)
        assert not (await client.answer()).is_last
        assert await client.rest() == b""
        assert edge.refusals() == {}


async def test_keep_alive_timeout_spares_a_busy_connection() -> None:
    async with running_edge(keep_alive_timeout_s=0.3, header_timeout_s=0.3) as edge, connected(edge.port) as client:
        client.send(GET.replace(b"/x", b"/wait"))
        assert await client.is_open_for(0.8)
        edge.application.release.set()
        await until(lambda: edge.connections() == {"idle": 1, "busy": 0})


async def test_request_beyond_its_timeout_is_aborted() -> None:
    async with running_edge(request_timeout_s=0.3) as edge, connected(edge.port) as client:
        client.send(GET.replace(b"/x", b"/wait"))
        assert await client.rest() == b""
        assert edge.refusals() == {"request_timeout": 1}


async def test_client_that_does_not_read_is_disconnected() -> None:
    async with running_edge(send_timeout_s=0.5) as edge:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((HOST, edge.port))
            client.sendall(GET.replace(b"/x", b"/large"))
            await until(lambda: edge.connections() == {"idle": 0, "busy": 1})
            await until(lambda: edge.connections() == {"idle": 0, "busy": 0})
        assert edge.refusals() == {"slow_reader": 1}


async def test_client_that_reads_slowly_is_served() -> None:
    async with running_edge(send_timeout_s=0.5) as edge, connected(edge.port) as client:
        client.send(GET.replace(b"/x", b"/large"))
        head = await client.read(1000)
        received = len(head)
        while received < 200_000:
            received += len(await client.read(4_000))
            await asyncio.sleep(0.02)
        assert edge.refusals() == {}


async def test_client_that_closes_its_side_gets_its_response() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(GET.replace(b"/x", b"/wait"))
        client.writer.write_eof()
        await until(lambda: edge.application.waiting)
        edge.application.release.set()
        assert (await client.answer()).body == b"hello"
        assert await client.rest() == b""


@pytest.mark.parametrize("size", [100_000, 3_000_000])
async def test_early_response_reaches_a_client_that_still_sends(size: int) -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        request = post(b"/x", bytes(size))
        client.send(request[: -size // 2])
        answer = await client.answer()
        assert (answer.body, answer.is_last) == (b"hello", True)
        client.send(request[-size // 2 :])
        assert await client.rest() == b""


async def test_short_unread_rest_of_a_body_is_skipped() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        request = post(b"/x", bytes(10_000))
        for _ in range(3):
            client.send(request[:-6_000])
            answer = await client.answer()
            assert (answer.body, answer.is_last) == (b"hello", False)
            client.send(request[-6_000:-1_000])
            await asyncio.sleep(0.02)
            client.send(request[-1_000:])
        client.send(GET)
        assert (await client.answer()).status == 200
        await until(lambda: edge.connections() == {"idle": 1, "busy": 0})


async def test_missing_rest_of_a_body_is_waited_for_briefly() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(post(b"/x", bytes(10_000))[:-6_000])
        assert not (await client.answer()).is_last
        assert await client.rest() == b""
        assert edge.refusals() == {}


async def test_client_that_never_stops_sending_is_disconnected() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n")
        assert (await client.answer()).body == b"hello"
        with pytest.raises(ConnectionError):
            await client.send_without_end()


async def test_failed_response_ends_the_connection() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(GET.replace(b"/x", b"/broken"))
        assert (await client.rest()).endswith(b"\r\n\r\nhe")


async def test_bodies_of_every_size_are_echoed_completely() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        body = bytes(range(256)) * 4096
        client.send(post(b"/echo", body))
        assert (await client.answer()).body == body
        client.send(
            b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        )
        assert (await client.answer()).body == b"abc"


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(*[post(b"/echo", b"%d" % number) for number in range(50)])
        assert [(await client.answer()).body for _ in range(50)] == [b"%d" % number for number in range(50)]


async def test_head_request_gets_no_body() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(GET.replace(b"GET", b"HEAD"), GET.replace(b"/x", b"nothing").replace(b"GET", b"HEAD"))
        received = await client.rest()
        assert received.count(b"HTTP/1.1 ") == 2
        assert received.endswith(b"\r\n\r\n")


async def test_client_is_asked_for_a_new_connection_after_the_maximum_of_requests() -> None:
    async with running_edge(max_requests_per_connection=3) as edge, connected(edge.port) as client:
        client.send(GET * 3)
        assert [(await client.answer()).is_last for _ in range(3)] == [False, False, True]
        assert await client.rest() == b""
