"""HTTP/2: requests, refusals, and faults that end only their stream."""

import asyncio

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hyperframe.frame import DataFrame, GoAwayFrame, HeadersFrame

from tests.integration.gateway.server.edge import LARGE_BYTES, running_edge, until
from tests.running.http2_client import Reply, http2_connected

# ":method: POST", ":scheme: http" and ":path: " by HPACK's static table, and ":authority: a" (RFC 7541, A).
_BLOCK = b"\x83\x86\x44\x05/echo\x41\x01a"
_GET = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"localhost")]


async def test_concurrent_requests_are_all_answered() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        streams = [client.start(b"/echo", method=b"POST", body=b"%d" % number) for number in range(100)]
        replies = [await client.reply(stream) for stream in streams]
        assert [reply.body for reply in replies] == [b"%d" % number for number in range(100)]
        assert {reply.status for reply in replies} == {200}
        assert edge.connections() == {"idle": 1, "busy": 0}


async def test_large_bodies_are_echoed_completely() -> None:
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


async def test_early_response_stops_only_its_own_request() -> None:
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


async def test_data_for_an_answered_stream_is_dropped() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        for _ in range(30):
            early = client.start(b"/x", method=b"POST", body=b"x" * 4096, ends=False)
            client.send_frames(DataFrame(early, data=b"x" * 4096))
            await client.reply(early)
        assert (await client.get(b"/x")).status == 200


async def test_failed_response_resets_its_stream() -> None:
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
        ([*_GET[:2], (b":authority", b"user@localhost"), (b":path", b"/x")], 400, "MALFORMED_REQUEST"),
        ([*_GET[:2], (b":authority", b"localhost:99999"), (b":path", b"/x")], 400, "MALFORMED_REQUEST"),
        ([*_GET[:2], (b":authority", b"[::1"), (b":path", b"/x")], 400, "MALFORMED_REQUEST"),
        ([*_GET[:2], (b":authority", b"a b"), (b":path", b"/x")], 400, "MALFORMED_REQUEST"),
        ([*_GET, (b":path", b"/x"), (b"expect", b"200-ok")], 417, "EXPECTATION_FAILED"),
        ([_GET[0], (b":scheme", b"ftp"), _GET[2], (b":path", b"/x")], 400, "MALFORMED_REQUEST"),
    ],
)
async def test_refused_request_ends_only_its_stream(fields: list[tuple[bytes, bytes]], status: int, code: str) -> None:
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
        stream = client.start_with(fields, client.h2.get_next_available_stream_id())
        assert (await client.reply(stream)).reset == ErrorCodes.PROTOCOL_ERROR
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
        (b"te", b"gzip"),
        (b"x-blank", b"a "),
        (b":path", b"/y"),
        (b"content-length", b"3"),
    ],
    ids=repr,
)
async def test_malformed_request_is_reset_and_others_are_answered(field: tuple[bytes, bytes]) -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        waiting, posting = client.start(b"/wait"), client.start(b"/echo", method=b"POST", body=b"ab", ends=False)
        stream = client.start_with([*_GET, (b":path", b"/x"), field], client.h2.get_next_available_stream_id())
        assert (await client.reply(stream)).reset == ErrorCodes.PROTOCOL_ERROR
        client.h2.send_data(posting, b"c", end_stream=True)
        client.flush()
        edge.application.release.set()
        assert [bytes((await client.reply(each)).body) for each in (waiting, posting)] == [b"hello", b"abc"]
        assert (await client.get(b"/x")).status == 200
        assert client.goaways == []
        assert sorted(edge.application.paths()) == ["/echo", "/wait", "/x"]
        assert edge.refusals() == {"http2_stream": 1}


@pytest.mark.parametrize(("length", "body"), [(b"2", b"abc"), (b"4", b"abc"), (b"0", b"a")])
async def test_body_of_another_length_than_announced_is_reset(length: bytes, body: bytes) -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        stream = client.start(b"/echo", method=b"POST", headers=[(b"content-length", length)], body=body)
        assert (await client.reply(stream)).reset == ErrorCodes.PROTOCOL_ERROR
        assert (await client.get(b"/x")).status == 200
        await until(lambda: edge.connections() == {"idle": 1, "busy": 0})


async def test_requests_that_provoke_resets_are_bounded() -> None:
    async with running_edge(http2_max_resets=20) as edge, http2_connected(edge.port) as client:
        for _ in range(50):
            client.start(b"/wait", headers=[(b"te", b"gzip")])
        await client.until_closed()
        assert [code for code, _ in client.goaways] == [ErrorCodes.ENHANCE_YOUR_CALM]
        assert edge.application.seen == []


async def test_request_beyond_the_maximum_is_refused_and_others_are_answered() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        frames = [HeadersFrame(2 * n + 1, data=_BLOCK, flags=["END_HEADERS"]) for n in range(101)]
        for n in range(101):
            client.replies[2 * n + 1] = Reply()
            client.h2.send_headers(2 * n + 1, [(b":method", b"POST"), *_GET[1:], (b":path", b"/echo")])
        client.h2.clear_outbound_data_buffer()
        client.send_frames(*frames)
        assert (await client.reply(201)).reset == ErrorCodes.REFUSED_STREAM
        for n in range(100):
            client.h2.send_data(2 * n + 1, b"%d" % n, end_stream=True)
        client.flush()
        replies = [await client.reply(2 * n + 1) for n in range(100)]
        assert [bytes(reply.body) for reply in replies] == [b"%d" % n for n in range(100)]
        assert client.goaways == []


async def test_client_that_sends_goaway_gets_pending_responses() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        waiting = client.start(b"/wait")
        client.send_frames(GoAwayFrame(0, last_stream_id=0, error_code=ErrorCodes.NO_ERROR))
        await until(lambda: edge.application.waiting)
        edge.application.release.set()
        assert (await client.reply(waiting)).body == b"hello"
        await client.until_closed()


async def test_application_that_does_not_read_blocks_only_its_own_upload() -> None:
    async with running_edge() as edge, http2_connected(edge.port) as client:
        stream = client.start(b"/wait", method=b"POST", ends=False)
        client.h2.send_data(stream, bytes(16_384))
        client.h2.send_data(stream, bytes(16_384))
        client.h2.send_data(stream, bytes(16_384))
        client.flush()
        assert (await client.get(b"/large")).body == bytes(LARGE_BYTES)
        assert client.h2.local_flow_control_window(stream) == 65_535 - 3 * 16_384
        edge.application.release.set()
        assert (await client.reply(stream)).status == 200
        await client.until(lambda: client.h2.outbound_flow_control_window > 32_000)


async def test_client_that_opens_no_window_is_disconnected() -> None:
    async with running_edge(send_timeout_s=0.5) as edge, http2_connected(edge.port, reads_bodies=False) as client:
        client.start(b"/large")
        await client.until_closed()
        assert edge.refusals() == {"slow_reader": 1}


async def test_client_that_opens_its_window_again_is_served() -> None:
    async with running_edge() as edge, http2_connected(edge.port, reads_bodies=False) as client:
        stream = client.start(b"/large")
        await client.until(lambda: len(client.replies[stream].body) == 65535)
        client.h2.increment_flow_control_window(2**24)
        client.h2.increment_flow_control_window(2**24, stream)
        client.flush()
        assert (await client.reply(stream)).body == bytes(LARGE_BYTES)


async def test_client_that_leaves_frees_its_requests() -> None:
    async with running_edge() as edge:
        async with http2_connected(edge.port, reads_bodies=False) as client:
            stream = client.start(b"/large")
            client.start(b"/x")
            await client.until(lambda: client.replies[stream].body)
        await until(lambda: edge.connections() == {"idle": 0, "busy": 0}, within_s=2)
        assert edge.refusals() == {}


async def test_request_beyond_its_timeout_is_aborted() -> None:
    async with running_edge(request_timeout_s=0.3) as edge, http2_connected(edge.port) as client:
        client.start(b"/wait")
        await client.until_closed()
        assert edge.refusals() == {"request_timeout": 1}


async def test_idle_connection_gets_goaway_before_it_is_closed() -> None:
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


async def test_client_is_asked_for_a_new_connection_after_the_maximum_of_requests() -> None:
    async with running_edge(max_requests_per_connection=3) as edge, http2_connected(edge.port) as client:
        streams = [client.start(b"/x") for _ in range(5)]
        assert {(await client.reply(stream)).status for stream in streams} == {200}
        await client.until_closed()
        assert client.goaways == [(ErrorCodes.NO_ERROR, 2**31 - 1), (ErrorCodes.NO_ERROR, streams[-1])]


async def test_cancelled_request_frees_its_stream() -> None:
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
