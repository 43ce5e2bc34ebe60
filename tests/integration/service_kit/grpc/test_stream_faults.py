"""A fault of one call ends only that call; others on its connection are answered."""

import asyncio

import pytest
from grpclib.const import Status
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated
from hyperframe.frame import DataFrame, GoAwayFrame, RstStreamFrame, WindowUpdateFrame
from service_kit.grpc.limits import ServerLimits

from tests.integration.service_kit.grpc.raw_client import RawClient, framed, order_request, raw_client
from tests.integration.service_kit.grpc.running_server import GET_ORDER, Running, running_server

_CALL = [(":method", "POST"), (":scheme", "http"), (":path", GET_ORDER), (":authority", "test")]
MALFORMED: dict[str, list[tuple[str, str]]] = {
    "te": [*_CALL, ("te", "gzip")],
    "upper case": [*_CALL, ("X-Upper", "a")],
    "blank at the end": [*_CALL, ("x", "a ")],
    "NUL": [*_CALL, ("x", "a\0")],
    "connection": [*_CALL, ("connection", "close")],
    "pseudo twice": [*_CALL, (":path", "/")],
    "pseudo behind a regular field": [*_CALL[:3], ("x", "a"), _CALL[3]],
    "no path": _CALL[:2],
    "no method": _CALL[1:],
    "empty path": [*_CALL[:2], (":path", "")],
    "length that is no number": [*_CALL, ("content-length", "x")],
    "length of a message that does not come": [*_CALL, ("content-length", "5")],
}


async def a_call(client: RawClient, running: Running) -> Status:
    stream = client.get_order(running.issuer.token())
    await client.flush()
    return await client.status(stream)


@pytest.mark.parametrize("headers", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_call_is_reset(headers: list[tuple[str, str]]) -> None:
    async with running_server() as running, raw_client(running.port) as client:
        client.h2.config.validate_outbound_headers = client.h2.config.normalize_outbound_headers = False
        running.orders.go_on.clear()
        other = client.get_order(running.issuer.token())
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, headers, end_stream=True)
        await client.flush()
        assert await client.reset_of(stream) == ErrorCodes.PROTOCOL_ERROR
        running.orders.go_on.set()
        assert await client.status(other) is Status.OK
        assert await a_call(client, running) is Status.OK
        assert client.goodbye is None


async def test_faulty_frames_end_only_their_call() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        running.orders.go_on.clear()
        other = client.get_order(running.issuer.token())
        length, window, cancelled = (client.begin(running.issuer.token()) for _ in range(3))
        too_long = client.begin(running.issuer.token(), more=(("content-length", "1"),))
        await client.flush()
        await client.send(b"\0\0\x04\x08\0" + window.to_bytes(4) + bytes(4))
        await client.send(DataFrame(too_long, data=framed(order_request())).serialize())
        await client.send(RstStreamFrame(cancelled, error_code=ErrorCodes.CANCEL).serialize())
        await client.send(WindowUpdateFrame(length, window_increment=2**31 - 1).serialize())
        assert await client.reset_of(window) == ErrorCodes.PROTOCOL_ERROR
        assert await client.reset_of(too_long) == ErrorCodes.PROTOCOL_ERROR
        assert await client.reset_of(length) == ErrorCodes.FLOW_CONTROL_ERROR
        running.orders.go_on.set()
        assert await client.status(other) is Status.OK
        assert client.goodbye is None


async def test_calls_after_the_maximum_of_cancelled_calls_are_answered() -> None:
    limits = ServerLimits(max_streams=10, max_calls_of_user=100, max_calls_of_network=100)
    async with running_server(limits=limits) as running, raw_client(running.port) as client:
        for _ in range(5):
            running.orders.go_on.clear()
            running.orders.begun = 0
            cancelled = [client.get_order(running.issuer.token()) for _ in range(10)]
            await client.flush()
            while running.orders.begun < 10:  # noqa: ASYNC110 (the service tells nothing by itself)
                await asyncio.sleep(0.01)
            for stream in cancelled:
                client.h2.reset_stream(stream)
            running.orders.go_on.set()
            innocent = [client.get_order(running.issuer.token()) for _ in range(10)]
            await client.flush()
            assert {await client.status(stream) for stream in innocent} == {Status.OK}
        assert client.goodbye is None


async def test_call_that_waits_for_a_cancelled_one_can_be_cancelled() -> None:
    async with running_server(limits=ServerLimits(max_streams=2)) as running, raw_client(running.port) as client:
        running.orders.go_on.clear()
        running_calls = [client.get_order(running.issuer.token()) for _ in range(2)]
        await client.flush()
        await running.orders.entered.wait()
        for stream in running_calls:
            client.h2.reset_stream(stream)
        waiting = [client.get_order(running.issuer.token()) for _ in range(2)]
        one_too_many = client.get_order(running.issuer.token())
        client.h2.reset_stream(waiting[0])
        await client.flush()
        assert await client.reset_of(one_too_many) == ErrorCodes.REFUSED_STREAM
        running.orders.go_on.set()
        assert await client.status(waiting[1]) is Status.OK
        assert await a_call(client, running) is Status.OK


async def test_client_that_sends_goaway_gets_pending_responses() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        running.orders.go_on.clear()
        stream = client.get_order(running.issuer.token())
        await client.flush()
        await running.orders.entered.wait()
        await client.send(GoAwayFrame(0, last_stream_id=0, error_code=ErrorCodes.NO_ERROR).serialize())
        running.orders.go_on.set()
        assert await client.status(stream) is Status.OK


async def test_endless_provoked_resets_end_the_connection() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        client.h2.config.validate_outbound_headers = False
        for _ in range(1_000):
            stream = client.h2.get_next_available_stream_id()
            client.h2.send_headers(stream, [*_CALL, ("te", "gzip")], end_stream=True)
        await client.flush()
        goodbye = await client.first(ConnectionTerminated)
        assert goodbye.error_code == ErrorCodes.ENHANCE_YOUR_CALM
        assert running.orders.begun == 0
