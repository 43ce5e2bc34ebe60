"""Bytes after a complete request do not change the response to it."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.integration.gateway.server.edge import running_edge, until
from tests.integration.gateway.server.raw_client import GET, RawClient, connected, post

_BODY = b"0123456789"
_CHUNKED_HEAD = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
#: Requests after which the connection ends.
LAST = {
    "a POST": post(b"/echo", _BODY, b"Connection: close"),
    "a chunked POST": _CHUNKED_HEAD + b"Connection: close\r\n\r\na\r\n0123456789\r\n0\r\n\r\n",
    "a POST in HTTP/1.0": b"POST /echo HTTP/1.0\r\nContent-Length: 10\r\n\r\n0123456789",
    "a POST that waits for 100": post(b"/echo", _BODY, b"Connection: close", b"Expect: 100-continue"),
    "a list of options": post(b"/echo", _BODY, b"Connection: te, Close"),
}
#: Requests after which another may follow.
KEPT = {
    "a POST": post(b"/echo", _BODY),
    "a chunked POST": _CHUNKED_HEAD + b"\r\na\r\n0123456789\r\n0\r\n\r\n",
    "a chunked POST with a trailer": _CHUNKED_HEAD + b"\r\na\r\n0123456789\r\n0\r\nX-A: a\r\n\r\n",
}
#: Bytes that are neither a request nor an empty line.
GARBAGE = {
    "NUL": b"\x00",
    "a line feed": b"\n",
    "words": b"no request at all\r\n\r\n",
    "a chunk": b"5\r\nabcde\r\n0\r\n\r\n",
    "a request without a host": b"GET /x HTTP/1.1\r\n\r\n",
    "a request with two lengths": b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "too many empty lines": b"\r\n" * 9,
}
FURTHER = {"nothing": b"", "an empty line": b"\r\n", "a request": GET, "much": bytes(300_000), **GARBAGE}


def _splits(text: bytes, kind: str) -> Iterator[bytes]:
    if kind == "at once":
        yield text
    elif kind == "byte by byte":
        yield from (text[at : at + 1] for at in range(min(len(text), 1000)))
        yield text[1000:]
    else:
        yield from (text[: -len(text) // 2], text[-len(text) // 2 :])


async def _send(client: RawClient, request: bytes, further: bytes, kind: str) -> None:
    for piece in (
        [request, *_splits(further, "byte by byte")] if kind == "after it" else _splits(request + further, kind)
    ):
        client.send(piece)
        await client.writer.drain()
        await asyncio.sleep(0)


KINDS = ("at once", "byte by byte", "in halves", "after it")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("further", FURTHER.values(), ids=FURTHER)
@pytest.mark.parametrize("request_text", LAST.values(), ids=LAST)
async def test_bytes_after_the_last_request_are_ignored(request_text: bytes, further: bytes, kind: str) -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        await _send(client, request_text, further, kind)
        answer = await client.answer()
        assert (answer.status, answer.body, answer.is_last) == (200, _BODY, True)
        assert await client.rest() == b""
        assert edge.application.paths() == ["/echo"]
        assert edge.application.left == 0
        assert edge.refusals() == {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("request_text", KEPT.values(), ids=KEPT)
async def test_garbage_is_refused_after_the_response_before_it(request_text: bytes, garbage: bytes, kind: str) -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        await _send(client, request_text, garbage, kind)
        answer, refusal = await client.answer(), await client.answer()
        assert (answer.status, answer.body, answer.is_last) == (200, _BODY, False)
        assert (refusal.status, refusal.json()["code"], refusal.is_last) == (400, "MALFORMED_REQUEST", True)
        assert await client.rest() == b""
        assert edge.refusals() == {"malformed": 1}


@pytest.mark.parametrize("further", [b"\r\n", b"\x00", GET, b"\r\n" * 100])
async def test_following_bytes_do_not_disturb_a_request_in_progress(further: bytes) -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(b"GET /wait HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await until(lambda: edge.application.waiting)
        client.send(further)
        assert await client.is_open_for(0.1)
        edge.application.release.set()
        assert (await client.answer()).status == 200


async def test_following_bytes_do_not_abort_a_response_in_progress() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(b"GET /half HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await client.head()
        assert await client.read_exactly(2) == b"he"
        client.send(b"\r\n", GET)
        assert await client.is_open_for(0.1)
        edge.application.release.set()
        assert await client.rest() == b"llo"


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
async def test_refusal_after_a_head_request_has_a_body(garbage: bytes) -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(b"HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n", garbage)
        assert (await client.head()).startswith(b"HTTP/1.1 200")
        assert (await client.answer()).json()["code"] == "MALFORMED_REQUEST"


@pytest.mark.parametrize("request_text", [GET, post(b"/x", b""), post(b"/echo", _BODY), KEPT["a chunked POST"]])
async def test_many_pipelined_requests_are_all_answered(request_text: bytes) -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(request_text * 300)
        answers = [await client.answer() for _ in range(300)]
        assert {(answer.status, answer.is_last) for answer in answers} == {(200, False)}


@pytest.mark.parametrize("count", range(9))
async def test_empty_lines_before_a_request_are_ignored(count: int) -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        for kind in ("at once", "byte by byte", "in halves"):
            await _send(client, b"", b"\r\n" * count + GET, kind)
            assert (await client.answer()).status == 200
        assert edge.refusals() == {}


async def test_request_is_answered_after_the_client_has_closed_its_side() -> None:
    for further in (b"", b"\r\n", GET):
        async with running_edge() as edge, connected(edge.port) as client:
            client.send(post(b"/echo", _BODY), further)
            client.writer.write_eof()
            assert (await client.answer()).body == _BODY
            if further == GET:
                assert (await client.answer()).status == 200
            assert await client.rest() == b""
            assert edge.refusals() == {}


async def test_endless_head_is_refused_after_the_response_before_it() -> None:
    async with running_edge() as edge, connected(edge.port) as client:
        client.send(post(b"/echo", _BODY), GET[:-4])
        client.writer.write_eof()
        assert (await client.answer()).status == 200
        assert (await client.answer()).status == 400
        assert await client.rest() == b""


async def test_bytes_after_the_last_request_are_read_up_to_a_bound() -> None:
    async with running_edge(request_timeout_s=0.5) as edge, connected(edge.port) as client:
        client.send(b"GET /wait HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(10):
                await client.send_without_end()
        assert edge.refusals() == {"request_timeout": 1}
