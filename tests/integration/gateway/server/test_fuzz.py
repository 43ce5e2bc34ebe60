"""Hostile input: the connection ends, leaves nothing behind, causes no server error, and others are served."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from loguru import logger

from tests.integration.gateway.server.edge import HOST, running_edge, until
from tests.integration.gateway.server.raw_client import GET, exchange

_EXAMPLES = 150
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SettingsFrame(0).serialize()

LINES = st.sampled_from(
    [
        b"GET /x HTTP/1.1\r\n",
        b"POST /echo HTTP/1.1\r\n",
        b"GET /large HTTP/1.1\r\n",
        b"HEAD /x HTTP/1.0\r\n",
        b"Host: a\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Connection: close\r\n",
        b"Connection: upgrade\r\nUpgrade: h2c\r\n",
        b"\r\n",
        b"\r\n",
        b"\n",
        b"5\r\nabcde\r\n",
        b"0\r\n\r\n",
        b"abcde",
        _PREFACE,
    ]
)
HTTP1 = st.lists(st.one_of(LINES, LINES, LINES, st.binary(max_size=8)), max_size=12).map(b"".join)

STREAMS = st.sampled_from([1, 1, 3, 3, 5, 2])
PATHS = st.sampled_from([b"/x", b"/echo", b"/large", b"/large", b"x", b"", b"/\xff"])
METHODS = st.sampled_from([b"GET", b"POST", b"HEAD", b"CONNECT", b"\xff"])


def _headers(stream: int, method: bytes, path: bytes, more: list[tuple[bytes, bytes]], flags: list[str]) -> Frame:
    pseudo = [(b":method", method), (b":scheme", b"http"), (b":authority", b"a"), (b":path", path)]
    return HeadersFrame(stream, data=Encoder().encode([*pseudo, *more]), flags=flags)


def _data(stream: int, size: int, flags: list[str]) -> Frame:
    return DataFrame(stream, bytes(size), flags=flags)


def _setting(name: int, value: int) -> Frame:
    return SettingsFrame(0, {name: value})


FIELDS = st.lists(st.sampled_from([(b"content-length", b"5"), (b"te", b"gzip"), (b"x", b"y" * 100)]), max_size=2)
ENDS = st.sampled_from([[], ["END_STREAM"]])
FLAGS = st.sampled_from([[], ["END_HEADERS"], ["END_HEADERS", "END_STREAM"]])
FRAMES = st.one_of(
    st.builds(_headers, STREAMS, METHODS, PATHS, FIELDS, FLAGS),
    st.builds(_headers, STREAMS, st.just(b"GET"), PATHS, st.just([]), st.just(["END_HEADERS", "END_STREAM"])),
    st.builds(_data, STREAMS, st.integers(0, 3000), ENDS),
    st.builds(RstStreamFrame, STREAMS, st.sampled_from([0, 8])),
    st.builds(ContinuationFrame, STREAMS, st.just(b"\x82")),
    st.builds(PriorityFrame, STREAMS, depends_on=STREAMS),
    st.builds(WindowUpdateFrame, st.integers(0, 3), st.sampled_from([1, 2**31 - 1])),
    st.builds(_setting, st.integers(1, 8), st.sampled_from([0, 1, 2**14, 2**31])),
    st.just(PingFrame(0, b"12345678")),
    st.just(GoAwayFrame(0)),
)
HTTP2 = st.lists(FRAMES, max_size=12).map(lambda frames: _PREFACE + b"".join(frame.serialize() for frame in frames))


@settings(max_examples=_EXAMPLES, deadline=None)
@given(st.one_of(HTTP1, HTTP2), st.integers(1, 200), st.sampled_from(["finish", "leave", "read"]))
async def test_hostile_input_leaves_no_connection_or_task(data: bytes, piece_size: int, then: str) -> None:
    with _no_errors():
        async with running_edge() as edge:
            reader, writer = await asyncio.open_connection(HOST, edge.port)
            for start in range(0, len(data), piece_size):
                writer.write(data[start : start + piece_size])
                await asyncio.sleep(0)
            if then == "finish":
                writer.write_eof()
            if then == "read":
                await _read_a_little(reader)
            writer.transport.abort() if then == "leave" else writer.close()
            assert (await exchange(edge.port, GET)).status == 200
            await until(lambda: edge.connections() == {"idle": 0, "busy": 0})


async def _read_a_little(reader: asyncio.StreamReader) -> None:
    try:
        async with asyncio.timeout(0.01):
            await reader.read(100_000)
    except (TimeoutError, ConnectionError):
        return


@contextmanager
def _no_errors() -> Iterator[None]:
    lines: list[str] = []
    handler = logger.add(lambda line: lines.append(str(line)), level="WARNING")
    try:
        yield
    finally:
        logger.remove(handler)
    assert lines == []
