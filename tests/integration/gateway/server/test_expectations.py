"""`Expect: 100-continue`: the server asks for the body when the application reads it, and not before."""

import asyncio

import pytest

from tests.integration.gateway.server.edge import running_edge, until
from tests.integration.gateway.server.raw_client import GET, connected, exchange, post

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_EXPECT = b"Expect: 100-continue"


def _head(path: bytes, *lines: bytes, size: int = 5) -> bytes:
    return b"\r\n".join([b"POST " + path + b" HTTP/1.1", b"Host: a", b"Content-Length: %d" % size, *lines, b"", b""])


@pytest.mark.parametrize("expect", [_EXPECT, b"expect: 100-Continue", b"Expect: 100-continue, 100-continue"])
async def test_100_continue_is_sent_once_the_application_reads(expect: bytes) -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(_head(b"/echo", expect))
        assert await client.read_exactly(len(_CONTINUE)) == _CONTINUE
        client.send(b"abcde")
        answer = await client.answer()
        assert (answer.status, answer.body, answer.is_last) == (200, b"abcde", False)


async def test_100_continue_is_not_sent_before_the_application_reads() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(_head(b"/wait", _EXPECT))
        await until(lambda: edge.application.waiting)
        assert await client.is_open_for(0.1)


async def test_response_without_reading_the_body_closes_the_connection() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(_head(b"/x", _EXPECT))
        answer = await client.answer()
        assert (answer.status, answer.is_last) == (200, True)
        assert await client.rest() == b""


async def test_body_that_is_sent_unasked_needs_no_100_continue() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(post(b"/echo", b"abcde", _EXPECT), GET)
        assert (await client.answer()).body == b"abcde"
        assert (await client.answer()).status == 200


async def test_request_without_a_body_gets_no_100_continue() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(post(b"/echo", b"", _EXPECT), GET)
        assert [(await client.answer()).status for _ in range(2)] == [200, 200]


async def test_refused_request_gets_no_100_continue() -> None:
    async with running_edge() as edge:
        for path in (b"*", b"ftp://x"):
            answer = await exchange(edge.port, _head(path, _EXPECT))
            assert (answer.status, answer.is_last) == (400, True)


async def test_expectation_of_http_1_0_is_ignored() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(_head(b"/echo", _EXPECT).replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert await client.is_open_for(0.05)


@pytest.mark.parametrize("value", [b"200-ok", b"100-continue, x", b"100-continue;q=1", b"100"])
async def test_other_expectations_are_refused_with_417(value: bytes) -> None:
    async with running_edge() as edge:
        answer = await exchange(edge.port, _head(b"/echo", b"Expect: " + value))
        assert (answer.status, answer.json()["code"], answer.is_last) == (417, "EXPECTATION_FAILED", True)
        assert edge.application.seen == []
        assert edge.refusals() == {"expectation": 1}


async def test_client_that_leaves_instead_of_sending_the_body_is_noticed() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(_head(b"/echo", _EXPECT))
        await client.read_exactly(len(_CONTINUE))
        client.writer.transport.abort()
        await until(lambda: edge.application.left == 1)
        await asyncio.sleep(0)
