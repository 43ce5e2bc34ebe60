"""The limits of a server, which protect other clients from one that exceeds them."""

import asyncio

import pytest
from grpclib.const import Status
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated
from h2.settings import SettingCodes
from service_kit.grpc import connection as server_connection
from service_kit.grpc.limits import ServerLimits

from tests.integration.service_kit.grpc.raw_client import RawClient, framed, order_request, raw_client
from tests.integration.service_kit.grpc.running_server import Running, running_server

HEALTH_CHECK, WATCH = "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"


async def a_call(client: RawClient, running: Running, **headers: str) -> Status:
    more = tuple([(name.replace("_", "-"), value) for name, value in headers.items()])
    stream = client.get_order(running.issuer.token(), more=more)
    await client.flush()
    return await client.status(stream)


async def send_all(client: RawClient, stream: int, data: bytes) -> None:
    """Sends as much as flow control allows, until all is sent or the call has ended."""
    while data:
        window = min(client.h2.local_flow_control_window(stream), client.h2.max_outbound_frame_size, len(data))
        if window:
            client.h2.send_data(stream, data[:window], end_stream=window == len(data))
            data = data[window:]
            await client.flush()
        else:
            await client._read()


#: The largest GetOrderRequest by the contract: 16 KiB is the minimum for all methods.
LARGEST = 16 * 1024


async def test_message_larger_than_any_valid_one_is_refused_when_its_length_arrives() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        message = order_request("x" * (LARGEST - 3))
        assert len(message) == LARGEST
        stream = client.begin(running.issuer.token())
        await send_all(client, stream, framed(message))
        assert await client.status(stream) is Status.INVALID_ARGUMENT
        stream = client.begin(running.issuer.token())
        client.h2.send_data(stream, b"\0" + (LARGEST + 1).to_bytes(4))
        await client.flush()
        assert await client.status(stream) is Status.RESOURCE_EXHAUSTED
        assert await a_call(client, running) is Status.OK


async def test_announced_messages_that_never_arrive_cost_other_calls_nothing() -> None:
    limits = ServerLimits(max_receiving_bytes=4 * LARGEST, max_streams=1000)
    async with running_server(limits=limits) as running, raw_client(running.port) as client:
        for number in range(500):
            # Each of its own user, because the calls of one user are limited.
            stream = client.begin(running.issuer.token(sub=f"0190b3a1-0000-7000-8000-{number:012}"))
            client.h2.send_data(stream, b"\0" + LARGEST.to_bytes(4) + b"\x0a")
            await client.flush()
        async with raw_client(running.port) as other:
            assert await a_call(other, running) is Status.OK


async def test_connection_that_holds_most_loses_its_call_when_the_budget_is_exceeded() -> None:
    limits = ServerLimits(max_receiving_bytes=10_000)
    async with running_server(limits=limits) as running, raw_client(running.port) as greedy:
        held = [greedy.begin(running.issuer.token()) for _ in range(2)]
        assert await a_call(greedy, running) is Status.OK  # by now the tokens of the others are verified, too
        for stream, size in zip(held, (4_500, 4_000), strict=True):
            greedy.h2.send_data(stream, b"\0" + (6_000).to_bytes(4) + b"x" * size)
        await greedy.flush()
        async with raw_client(running.port) as other:
            stream = other.begin(running.issuer.token())
            assert await a_call(other, running) is Status.OK
            other.h2.send_data(stream, framed(order_request("x" * 3_000))[:2_500])
            await other.flush()
            assert await greedy.status(held[0]) is Status.RESOURCE_EXHAUSTED
            other.h2.send_data(stream, framed(order_request("x" * 3_000))[2_500:], end_stream=True)
            await other.flush()
            assert await other.status(stream) is Status.INVALID_ARGUMENT
        assert await a_call(greedy, running) is Status.OK


async def test_callers_without_a_token_share_a_quarter_of_the_receive_budget() -> None:
    limits = ServerLimits(max_receiving_bytes=40_000)
    async with running_server(limits=limits) as running, raw_client(running.port) as unknown:
        held = [unknown.begin("", path=HEALTH_CHECK) for _ in range(2)]
        for stream, size in zip(held, (5_600, 5_000), strict=True):
            unknown.h2.send_data(stream, b"\0" + (6_000).to_bytes(4) + b"x" * size)
        await unknown.flush()
        assert await unknown.status(held[0]) is Status.RESOURCE_EXHAUSTED
        async with raw_client(running.port) as known:
            stream = known.begin(running.issuer.token())
            await known.flush()
            known.h2.send_data(stream, framed(order_request("x" * 4_000)), end_stream=True)
            await known.flush()
            assert await known.status(stream) is Status.INVALID_ARGUMENT


@pytest.mark.parametrize("path", [HEALTH_CHECK, WATCH, REFLECTION])
async def test_health_and_reflection_accept_only_small_messages(path: str) -> None:
    async with running_server() as running, raw_client(running.port) as client:
        announced = client.begin("", path=path)
        client.h2.send_data(announced, b"\0\xff\xff\xff\xff")
        malformed = client.begin("", path=path)
        client.h2.send_data(malformed, framed(b"\xff\xff"), end_stream=True)
        await client.flush()
        assert await client.status(announced) is Status.RESOURCE_EXHAUSTED
        assert await client.status(malformed) is Status.INVALID_ARGUMENT


async def test_too_many_or_too_large_headers_end_only_their_call() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        assert await a_call(client, running, x_large="v" * 17_000) is Status.RESOURCE_EXHAUSTED
        many = {f"x_{number}": "v" for number in range(100)}
        assert await a_call(client, running, **many) is Status.RESOURCE_EXHAUSTED
        assert await a_call(client, running, x_some="v" * 8_000) is Status.OK
        assert running.orders.begun == 1


async def test_endless_headers_end_the_connection() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        client.begin(running.issuer.token(), more=tuple([("x-large", "v" * 4096)] * 40))
        await client.flush()
        goodbye = await client.first(ConnectionTerminated)
        assert goodbye.error_code == ErrorCodes.ENHANCE_YOUR_CALM
        await client.until_closed()


async def test_headers_that_are_not_utf_8_do_no_harm() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        assert await a_call(client, running, x_text="caf\xe9\xff") is Status.OK
        assert await a_call(client, running, x_trace_bin="A") is Status.OK


async def test_unknown_frames_are_ignored() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        await client.send(b"\0\0\x01\xfa\0\0\0\0\0x")
        assert await a_call(client, running) is Status.OK


async def test_calls_beyond_the_limit_are_refused_as_not_begun() -> None:
    async with running_server(limits=ServerLimits(max_streams=3)) as running, raw_client(running.port) as client:
        running.orders.go_on.clear()
        streams = [client.get_order(running.issuer.token()) for _ in range(8)]  # before it has read what it may
        await client.flush()
        for refused in streams[3:]:
            assert await client.reset_of(refused) == ErrorCodes.REFUSED_STREAM
        running.orders.go_on.set()
        assert [await client.status(stream) for stream in streams[:3]] == [Status.OK] * 3
        assert client.h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] == 3
        assert await a_call(client, running) is Status.OK
        assert running.orders.begun == 4


async def test_idle_connection_is_closed_and_one_with_a_watch_is_not() -> None:
    limits = ServerLimits(idle_connection_s=0.3)
    async with running_server(limits=limits) as running, raw_client(running.port) as idle:
        assert await a_call(idle, running) is Status.OK
        async with raw_client(running.port) as watching:
            watch = watching.begin("", path=WATCH)
            watching.h2.send_data(watch, framed(b""), end_stream=True)
            await watching.flush()
            goodbye = await idle.first(ConnectionTerminated)
            assert (goodbye.error_code, goodbye.last_stream_id) == (ErrorCodes.NO_ERROR, 1)
            await idle.until_closed()
            assert await a_call(watching, running) is Status.OK
            assert watching.goodbye is None


async def test_connection_without_any_frame_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_connection, "_FIRST_FRAME_TIMEOUT_S", 0.1)
    async with running_server() as running:
        async with raw_client(running.port, greets=False) as silent:
            await silent.until_closed()
        async with raw_client(running.port, greets=False) as other:
            await other.send(b"GET / HTTP/1.1\r\n\r\n")
            await other.until_closed()


async def test_endless_pings_and_settings_end_the_connection() -> None:
    for frame in (b"\0\0\x08\x06\0\0\0\0\0pingpong", b"\0\0\0\x04\0\0\0\0\0"):
        async with running_server() as running, raw_client(running.port) as client:
            await client.send(frame * 5_000)
            goodbye = await client.first(ConnectionTerminated)
            assert goodbye.error_code == ErrorCodes.ENHANCE_YOUR_CALM


async def test_rapid_reset_ends_the_connection() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        for _ in range(1_000):
            client.h2.reset_stream(client.begin(running.issuer.token()))
        await client.flush()
        goodbye = await client.first(ConnectionTerminated)
        assert goodbye.error_code == ErrorCodes.ENHANCE_YOUR_CALM
        assert running.orders.begun == 0


async def test_call_that_is_reset_at_once_frees_its_stream() -> None:
    async with running_server(limits=ServerLimits(max_streams=2)) as running, raw_client(running.port) as client:
        for _ in range(10):
            client.h2.reset_stream(client.get_order(running.issuer.token()))
            await client.flush()
            await asyncio.sleep(0.005)
        assert await a_call(client, running) is Status.OK


async def test_many_calls_cancelled_by_honest_callers_do_not_end_the_connection() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        running.orders.go_on.clear()
        for _ in range(50):
            streams = [client.get_order(running.issuer.token()) for _ in range(20)]
            await client.flush()
            await running.orders.entered.wait()
            await asyncio.sleep(0.002)
            for stream in streams:
                client.h2.reset_stream(stream)
            client.h2.ping(b"pingpong")
            await client.flush()
        running.orders.go_on.set()
        assert await a_call(client, running) is Status.OK
        assert client.goodbye is None


NESTED = b"\x53" * 60 + b"\x54" * 60
TOO_NESTED = b"\x53" * 200 + b"\x54" * 200


@pytest.mark.parametrize(
    ("unknown", "status"),
    [
        (NESTED, Status.OK),
        (TOO_NESTED, Status.INVALID_ARGUMENT),
        (b"\x50\x01" * 8000, Status.OK),
        (b"\x52\x02ok", Status.OK),
    ],
    ids=["nested", "too deep", "16 KB of tiny fields", "one field"],
)
async def test_unknown_fields_are_dropped_without_cost(unknown: bytes, status: Status) -> None:
    async with running_server() as running, raw_client(running.port) as client:
        stream = client.begin(running.issuer.token())
        await send_all(client, stream, framed(order_request() + unknown))
        assert await client.status(stream) is status
