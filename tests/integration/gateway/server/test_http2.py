"""HTTP/2: requests, refusals, and what must not end more than itself."""

import asyncio

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hyperframe.frame import DataFrame

from tests.integration.gateway.server.edge import LARGE_BYTES, running_edge, until
from tests.running.http2_client import http2_connected

_GET = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"localhost")]


async def test_many_at_once() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        streams = [client.start(b"/echo", method=b"POST", body=b"%d" % number) for number in range(100)]
        replies = [await client.reply(stream) for stream in streams]
        assert [reply.body for reply in replies] == [b"%d" % number for number in range(100)]
        assert {reply.status for reply in replies} == {200}
        assert edge.connections() == {"idle": 1, "busy": 0}


async def test_large_bodies_pass_whole_both_ways() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        assert (await client.get(b"/large")).body == bytes(LARGE_BYTES)
        stream = client.start(b"/echo", method=b"POST", ends=False)
        for _ in range(20):
            await client.until(lambda: client.h2.local_flow_control_window(stream) >= 10_000)
            client.h2.send_data(stream, b"x" * 10_000)
            client.flush()
        client.h2.end_stream(stream)
        client.flush()
        assert (await client.reply(stream)).body == b"x" * 200_000


async def test_an_early_answer_stops_its_own_request_only() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        waiting = client.start(b"/wait")
        early = client.start(b"/x", method=b"POST", body=b"half", ends=False)
        reply = await client.reply(early)
        await client.until(lambda: reply.reset is not None)
        assert (reply.status, bytes(reply.body), reply.reset) == (200, b"hello", int(ErrorCodes.NO_ERROR))
        client.send_frames(DataFrame(early, data=b"the other half"))
        assert (await client.get(b"/x")).status == 200
        edge.application.release.set()
        assert (await client.reply(waiting)).status == 200
        assert client.goaways == []


async def test_data_on_its_way_to_an_answered_stream_goes_nowhere() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        for _ in range(30):
            early = client.start(b"/x", method=b"POST", body=b"x" * 4096, ends=False)
            client.send_frames(DataFrame(early, data=b"x" * 4096))
            await client.reply(early)
        assert (await client.get(b"/x")).status == 200


async def test_a_response_that_breaks_off_is_reset() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        assert (await client.get(b"/broken")).reset == ErrorCodes.INTERNAL_ERROR
        assert (await client.get(b"/x")).status == 200


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ([(b":method", b"CONNECT"), (b":authority", b"elsewhere:443")], 501, "NOT_IMPLEMENTED"),
        ([(b":method", b"get"), *_GET[1:], (b":path", b"/x")], 501, "NOT_IMPLEMENTED"),
        ([(b":method", b"\xff"), *_GET[1:], (b":path", b"/x")], 501, "NOT_IMPLEMENTED"),
        ([*_GET, (b":path", b"x")], 400, "MALFORMED_REQUEST"),
        ([*_GET, (b":path", b"*")], 400, "MALFORMED_REQUEST"),
        ([*_GET, (b":path", b"http://elsewhere/x")], 400, "MALFORMED_REQUEST"),
        ([*_GET, (b":path", b"/a b")], 400, "MALFORMED_REQUEST"),
        ([*_GET, (b":path", b"/\xff")], 400, "MALFORMED_REQUEST"),
    ],
)
async def test_a_request_that_is_refused_ends_alone(fields: list[tuple[bytes, bytes]], status: int, code: str) -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        stream = client.start_with(fields, client.h2.get_next_available_stream_id())
        reply = await client.reply(stream)
        problem = reply.json()
        assert (reply.status, problem["status"], problem["code"]) == (status, status, code)
        assert reply.headers[b"content-type"] == b"application/problem+json"
        assert reply.headers[b"x-request-id"].decode() == problem["request_id"]
        assert (await client.get(b"/x")).status == 200
        assert edge.application.paths() == ["/x"]


async def test_websockets_are_not_offered() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        await client.get(b"/x")
        assert client.h2.remote_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL] == 0
        fields = [(b":method", b"CONNECT"), (b":protocol", b"websocket"), *_GET[1:], (b":path", b"/x")]
        client.start_with(fields, client.h2.get_next_available_stream_id())
        await client.until(lambda: client.goaways or client.replies[3].ended)
        assert edge.application.paths() == ["/x"]


@pytest.mark.parametrize(
    "field",
    [
        (b"transfer-encoding", b"chunked"),
        (b"connection", b"close"),
        (b"X-Upper", b"a"),
        (b"x-nul", b"a\x00b"),
        (b"x-line", b"a\r\nx-b: b"),
        (b"content-length", b"x"),
        (b"host", b"elsewhere"),
    ],
    ids=repr,
)
async def test_fields_that_smuggle_end_the_connection(field: tuple[bytes, bytes]) -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        client.start_with([*_GET, (b":path", b"/x"), field], 1)
        await client.until_closed()
        assert client.goaways == [(ErrorCodes.PROTOCOL_ERROR, 1)]
        assert edge.application.seen == []
        assert edge.refusals() == {"http2_protocol": 1}


async def test_a_body_longer_than_announced_ends_the_connection() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        client.start(b"/echo", method=b"POST", headers=[(b"content-length", b"2")], body=b"abc")
        await client.until_closed()
        assert [code for code, _ in client.goaways] == [ErrorCodes.PROTOCOL_ERROR]


async def test_a_client_that_gives_no_room_is_cut_off() -> None:
    async with running_edge(send_timeout_s=0.5) as edge, http2_connected(edge.port, reads_bodies=False) as client:
        client.start(b"/large")
        await client.until_closed()
        assert edge.refusals() == {"slow_reader": 1}


async def test_a_client_that_gives_room_again_is_served() -> None:
    async with running_edge() as edge, http2_connected(edge.port, reads_bodies=False) as client:
        stream = client.start(b"/large")
        await client.until(lambda: len(client.replies[stream].body) == 65535)
        client.h2.increment_flow_control_window(2**24)
        client.h2.increment_flow_control_window(2**24, stream)
        client.flush()
        assert (await client.reply(stream)).body == bytes(LARGE_BYTES)


async def test_a_client_that_leaves_leaves_nothing_behind() -> None:
    async with running_edge() as edge:
        async with http2_connected(edge.port, reads_bodies=False) as client:
            stream = client.start(b"/large")
            client.start(b"/x")
            await client.until(lambda: client.replies[stream].body)
        await until(lambda: edge.connections() == {"idle": 0, "busy": 0}, within_s=2)
        assert edge.refusals() == {}


async def test_a_request_that_takes_too_long_is_cut_off() -> None:
    async with running_edge(request_timeout_s=0.3) as edge, http2_connected(edge.port) as client:
        client.start(b"/wait")
        await client.until_closed()
        assert edge.refusals() == {"request_timeout": 1}


async def test_an_idle_connection_is_told_before_it_is_closed() -> None:
    async with running_edge(keep_alive_timeout_s=0.3) as edge, http2_connected(edge.port) as client:
        await client.get(b"/x")
        await client.until_closed()
        assert client.goaways == [(ErrorCodes.NO_ERROR, 1)]


async def test_pings_do_not_keep_a_connection_open() -> None:
    async with running_edge(keep_alive_timeout_s=0.5) as edge, http2_connected(edge.port) as client:
        await client.get(b"/x")
        for _ in range(20):
            client.h2.ping(b"12345678")
            client.flush()
            await asyncio.sleep(0.05)
        assert client.pongs
        assert client.goaways == [(ErrorCodes.NO_ERROR, 1)]


async def test_a_client_is_asked_for_a_new_connection_now_and_then() -> None:
    async with running_edge(max_requests_per_connection=3) as edge, http2_connected(edge.port) as client:
        streams = [client.start(b"/x") for _ in range(5)]
        assert {(await client.reply(stream)).status for stream in streams} == {200}
        await client.until_closed()
        assert client.goaways == [(ErrorCodes.NO_ERROR, 2**31 - 1), (ErrorCodes.NO_ERROR, streams[-1])]


async def test_whoever_calls_off_a_request_frees_its_place() -> None:
    async with running_edge(http2_max_streams=2) as edge, http2_connected(edge.port) as client:
        await client.get(b"/x")
        first, second = client.start(b"/wait"), client.start(b"/wait")
        client.h2.reset_stream(first)
        client.flush()
        third = client.start(b"/x")
        assert (await client.reply(third)).status == 200
        edge.application.release.set()
        assert (await client.reply(second)).status == 200
        await until(lambda: edge.connections() == {"idle": 1, "busy": 0})
