"""Floods of frames: a client that sends too many is disconnected, and others are not."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from h2.errors import ErrorCodes
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.integration.gateway.server.edge import LARGE_BYTES, RunningEdge, running_edge, until
from tests.running.http2_client import http2_connected

_CALM = ErrorCodes.ENHANCE_YOUR_CALM
# ":method: GET", ":scheme: http", ":path: /", all from HPACK's static table (RFC 7541, A), and ":authority: a".
_BLOCK = b"\x82\x86\x84\x41\x01a"


def a_reset(number: int) -> list[Frame]:
    stream_id = 2 * number + 1
    return [
        HeadersFrame(stream_id, data=_BLOCK, flags=["END_HEADERS", "END_STREAM"]),
        RstStreamFrame(stream_id, error_code=ErrorCodes.CANCEL),
    ]


def _are_waiting(edge: RunningEdge, count: int) -> bool:
    return edge.application.waiting == count


FLOODS: dict[str, Callable[[int], list[Frame]]] = {
    "PING": lambda _: [PingFrame(0, opaque_data=b"12345678")],
    "PING that is answered": lambda _: [PingFrame(0, opaque_data=b"12345678", flags=["ACK"])],
    "SETTINGS": lambda _: [SettingsFrame(0, settings={})],
    "SETTINGS that change": lambda number: [SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: number})],
    "PRIORITY": lambda number: [PriorityFrame(2 * number + 1, depends_on=0, stream_weight=16)],
    "WINDOW_UPDATE": lambda _: [WindowUpdateFrame(0, window_increment=1)],
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
async def test_control_frames_are_bounded(flood: Callable[[int], list[Frame]]) -> None:
    async with (
        running_edge(http2_max_control_frames=300) as edge,
        http2_connected(edge.port) as client,
        http2_connected(edge.port) as other,
    ):
        client.send_frames(*[frame for number in range(200) for frame in flood(number)])
        assert (await other.get(b"/x")).status == 200
        assert client.goaways == []
        client.send_frames(*[frame for number in range(200, 2000) for frame in flood(number)])
        await client.until_closed()
        assert [code for code, _ in client.goaways] == [_CALM]
        assert edge.refusals() == {"http2_control_frames": 1}
        assert (await other.get(b"/x")).status == 200


async def test_acknowledging_each_frame_is_no_flood() -> None:
    async with running_edge(http2_max_control_frames=50) as edge, http2_connected(edge.port) as client:
        streams = [client.start(b"/large") for _ in range(2)]
        assert {len((await client.reply(stream)).body) for stream in streams} == {LARGE_BYTES}
        assert client.goaways == []
        assert edge.refusals() == {}


async def test_empty_data_frames_are_bounded() -> None:
    async with running_edge(http2_max_control_frames=300) as edge, http2_connected(edge.port) as client:
        stream = client.start(b"/echo", method=b"POST", ends=False)
        client.send_frames(*[DataFrame(stream)] * 1000)
        await client.until_closed()
        assert edge.refusals() == {"http2_control_frames": 1}


async def test_rapid_reset_ends_the_connection() -> None:
    async with running_edge(http2_max_resets=100) as edge, http2_connected(edge.port) as client:
        client.send_frames(*[frame for number in range(1000) for frame in a_reset(number)])
        await client.until_closed()
        assert [code for code, _ in client.goaways] == [_CALM]
        assert edge.refusals() == {"http2_resets": 1}
        assert len(edge.application.seen) <= 200


async def test_cancelled_requests_count_while_their_applications_run() -> None:
    async with running_edge(http2_max_resets=100, http2_max_streams=10) as edge, http2_connected(edge.port) as client:
        for running in range(20):
            stream = client.start(b"/wait")
            await until(partial(_are_waiting, edge, running + 1))
            client.h2.reset_stream(stream)
            client.flush()
        assert (await client.get(b"/x")).reset == ErrorCodes.REFUSED_STREAM
        edge.application.release.set()
        await until(lambda: edge.connections() == {"idle": 1, "busy": 0})
        await asyncio.sleep(0)
        assert (await client.get(b"/x")).status == 200


async def test_request_that_is_cancelled_at_once_does_not_reach_the_application() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        client.send_frames(*[frame for number in range(10) for frame in a_reset(number)])
        client.h2.ping(b"12345678")
        client.flush()
        await client.until(lambda: client.pongs)
        assert edge.application.seen == []


@pytest.mark.parametrize("size", [0, 100, 16_000])
async def test_endless_header_section_ends_the_connection(size: int) -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        client.send_frames(HeadersFrame(1, data=_BLOCK, flags=["END_STREAM"]))
        client.send_frames(*[ContinuationFrame(1, data=bytes(size))] * 20_000)
        await client.until_closed()
        assert edge.application.seen == []
        assert set(edge.refusals()) <= {"http2_headers", "http2_protocol"}
        assert edge.refusals()


async def test_header_compression_bomb_ends_the_connection() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        # 4 000 bytes into the dynamic table (RFC 7541, 6.2.1), and then a byte for each further copy.
        bomb = _BLOCK + b"\x40\x01a\x7f\xa1\x1e" + bytes(4000 - 0) + b"\xbe" * 10_000
        client.send_frames(HeadersFrame(1, data=bomb[:16_000], flags=["END_STREAM", "END_HEADERS"]))
        await client.until_closed()
        assert edge.application.seen == []
        assert [code for code, _ in client.goaways] != []


async def test_far_more_streams_than_allowed_end_the_connection() -> None:
    async with running_edge(http2_max_streams=10) as edge, http2_connected(edge.port) as client:
        frames = [HeadersFrame(2 * n + 1, data=_BLOCK, flags=["END_HEADERS"]) for n in range(50)]
        client.send_frames(*frames)
        await client.until_closed()
        assert len(edge.application.seen) <= 10
