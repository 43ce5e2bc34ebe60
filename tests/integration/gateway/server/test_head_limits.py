"""The limits of a request's head, which do not depend on how it is split into packets."""

import asyncio

import pytest

from tests.integration.gateway.server.edge import running_edge
from tests.integration.gateway.server.raw_client import Answer, connected

_TARGET = 8 * 1024
_FIELDS = 2 * 16 * 1024
_HOST = b"Host: localhost\r\n"
#: Beyond all limits, the rest is sent at once.
_IN_PIECES = 40_000
_SIZES = (None, 1, 1000, 1460)


def _get(target: bytes, fields: bytes = b"") -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + _HOST + fields + b"\r\n"


def _path(size: int) -> bytes:
    return b"/" + b"x" * (size - 1)


def _fields(size: int) -> bytes:
    """Header fields of so many bytes, with that of the host."""
    rest = size - len(_HOST)
    return b"".join([b"X: " + b"y" * 995 + b"\r\n"] * (rest // 1000)) + b"Y: " + b"z" * (rest % 1000 - 5) + b"\r\n"


async def _ask(port: int, text: bytes, size: int | None) -> Answer:
    async with connected(port) as client:
        piece_bytes = size or len(text)
        for start in range(0, min(len(text), _IN_PIECES), piece_bytes):
            client.send(text[start : start + piece_bytes])
            if start % 50 == 0:
                await client.writer.drain()
                await asyncio.sleep(0)
        client.send(text[-(-min(len(text), _IN_PIECES) // piece_bytes) * piece_bytes :])
        return await client.answer()


REFUSED = {
    "a target": (_get(_path(_TARGET + 1)), 414, "TARGET_TOO_LONG"),
    "a target of 100 KB": (_get(_path(100_000)), 414, "TARGET_TOO_LONG"),
    "a query": (_get(b"/x?" + _path(_TARGET)), 414, "TARGET_TOO_LONG"),
    "a URL": (_get(b"http://localhost/" + _path(_TARGET - 16)), 414, "TARGET_TOO_LONG"),
    "a target that does not end": (b"GET " + _path(10_000), 414, "TARGET_TOO_LONG"),
    "a target before a malformed field": (_get(_path(9000), b"X\r\n"), 414, "TARGET_TOO_LONG"),
    "fields": (_get(b"/", _fields(_FIELDS + 1)), 431, "HEADERS_TOO_LARGE"),
    "fields of 200 KB": (_get(b"/", _fields(200_000)), 431, "HEADERS_TOO_LARGE"),
    "one field": (_get(b"/", b"X: " + b"x" * 40_000 + b"\r\n"), 431, "HEADERS_TOO_LARGE"),
    "a name": (_get(b"/", b"X" * 40_000 + b": x\r\n"), 431, "HEADERS_TOO_LARGE"),
    "many fields": (_get(b"/", b"X: y\r\n" * 200), 431, "HEADERS_TOO_LARGE"),
    "a method": (b"G" * 33 + b" / HTTP/1.1\r\n" + _HOST + b"\r\n", 501, "NOT_IMPLEMENTED"),
    "a version": (b"GET / HTTP/1." + b"1" * 20 + b"\r\n" + _HOST + b"\r\n", 400, "MALFORMED_REQUEST"),
    "blanks before the version": (b"GET /" + b" " * 100 + b"HTTP/1.1\r\n" + _HOST + b"\r\n", 400, "MALFORMED_REQUEST"),
}


@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize(("text", "status", "code"), REFUSED.values(), ids=REFUSED)
async def test_head_beyond_a_limit_is_refused(text: bytes, status: int, code: str, size: int | None) -> None:
    async with running_edge() as edge:
        answer = await _ask(edge.port, text, size)
        assert (answer.status, answer.json()["code"], answer.is_last) == (status, code, True)
        assert edge.application.seen == []


@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize(
    "text",
    [_get(_path(_TARGET)), _get(b"/", _fields(_FIELDS - len(_HOST) - 2)), _get(b"/", b"X: y\r\n" * 199)],
    ids=["a target", "fields", "many fields"],
)
async def test_head_at_the_limits_reaches_the_application(text: bytes, size: int | None) -> None:
    async with running_edge() as edge:
        assert (await _ask(edge.port, text, size)).status == 200


async def test_trailers_and_chunk_lines_are_bounded() -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    cases = {
        head + b"0\r\nX: " + b"x" * 17_000 + b"\r\n\r\n": 431,
        head + b"0\r\n" + b"X: y\r\n" * 101 + b"\r\n": 431,
        head + b"1;" + b"x" * 300 + b"\r\nx\r\n0\r\n\r\n": 400,
        head + b"1\r\nx\r\n" * 1200 + b"0\r\n\r\n": 400,
        head + b"1\r\nx\r\n" * 900 + b"0\r\n\r\n": 200,
        head + b"1;a=b\r\nx\r\n0\r\nX: y\r\n\r\n": 200,
    }
    async with running_edge() as edge:
        for text, status in cases.items():
            for size in (None, 7):
                assert (await _ask(edge.port, text, size)).status == status
