"""The maximum of connections, and its division between peers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from grpclib.const import Status
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated
from service_kit.grpc.limits import ServerLimits

from tests.integration.service_kit.grpc.raw_client import RawClient, framed, raw_client
from tests.integration.service_kit.grpc.running_server import Running, running_server

MANY, OTHER, THIRD = "127.0.0.2", "127.0.0.1", "127.0.0.3"
MOST = 8
LIMITS = ServerLimits(max_connections=MOST)
WATCH = "/grpc.health.v1.Health/Watch"


@asynccontextmanager
async def clients(running: Running, count: int, source: str = MANY) -> AsyncIterator[list[RawClient]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(raw_client(running.port, source=source)) for _ in range(count)]


async def answers(client: RawClient, running: Running) -> bool:
    stream = client.get_order(running.issuer.token())
    await client.flush()
    return await client.status(stream) is Status.OK


async def watch(client: RawClient) -> None:
    """Begins a call without an end, and waits for its first response."""
    stream = client.begin("", path=WATCH)
    client.h2.send_data(stream, framed(b""), end_stream=True)
    await client.flush()
    while not any(getattr(event, "stream_id", None) == stream for event in client.events):
        await client._read()


async def goodbye_code(client: RawClient) -> int | None:
    return (await client.first(ConnectionTerminated)).error_code


async def test_peer_with_many_connections_costs_another_peer_no_call() -> None:
    async with running_server(limits=LIMITS) as running, clients(running, 3 * MOST) as many:
        for client in many[-MOST // 2 :]:
            assert await answers(client, running)
        async with clients(running, MOST // 2, OTHER) as others:
            for client in others:
                assert await answers(client, running)


async def test_busy_connections_of_one_peer_take_at_most_its_share() -> None:
    async with running_server(limits=LIMITS) as running, clients(running, MOST // 2) as busy:
        for client in busy:
            await watch(client)
        async with raw_client(running.port, source=MANY) as refused:
            goodbye = await refused.first(ConnectionTerminated)
            assert (goodbye.error_code, goodbye.last_stream_id) == (ErrorCodes.ENHANCE_YOUR_CALM, 0)
            await refused.until_closed()
        async with raw_client(running.port, source=OTHER) as other:
            assert await answers(other, running)
        for client in busy:
            assert await answers(client, running)


async def test_peer_with_its_whole_share_loses_its_own_longest_idle_connection() -> None:
    async with running_server(limits=LIMITS) as running, raw_client(running.port, source=OTHER) as other:
        async with clients(running, MOST // 2) as many:
            for client in (*many[1:], many[0]):
                assert await answers(client, running)
            async with raw_client(running.port, source=MANY) as further:
                assert await answers(further, running)
                assert await goodbye_code(many[1]) == ErrorCodes.NO_ERROR
                assert await answers(many[0], running)
        assert await answers(other, running)


async def test_full_server_closes_a_connection_of_the_peer_that_has_most() -> None:
    async with (
        running_server(limits=LIMITS) as running,
        clients(running, MOST // 2 - 1, OTHER) as others,
        clients(running, MOST // 2, MANY) as many,
        raw_client(running.port, source=THIRD) as third,
    ):
        for client in (*others, *many, third):
            assert await answers(client, running)
        async with raw_client(running.port, source=THIRD) as further:
            assert await answers(further, running)
            assert await goodbye_code(many[0]) == ErrorCodes.NO_ERROR
            for client in (*others, *many[1:], third):
                assert await answers(client, running)


async def test_peer_with_more_connections_takes_none_from_one_with_fewer() -> None:
    async with (
        running_server(limits=LIMITS) as running,
        clients(running, MOST // 2, MANY) as many,
        clients(running, MOST // 2 - 1, OTHER) as others,
        raw_client(running.port, source=THIRD) as third,
    ):
        for client in (*many, *others):
            await watch(client)
        assert await answers(third, running)
        async with raw_client(running.port, source=OTHER) as refused:
            assert await goodbye_code(refused) == ErrorCodes.ENHANCE_YOUR_CALM
        assert await answers(third, running)


async def test_rejected_connections_take_no_room() -> None:
    async with running_server(limits=LIMITS) as running, clients(running, MOST // 2) as busy:
        for client in busy:
            await watch(client)
        async with clients(running, 4 * MOST), clients(running, MOST // 2, OTHER) as others:
            for client in others:
                assert await answers(client, running)


async def test_ended_connection_makes_room_for_another() -> None:
    limits = ServerLimits(max_connections=1)
    async with running_server(limits=limits) as running:
        for _ in range(5):
            async with raw_client(running.port, source=MANY) as client:
                await watch(client)
            assert await running.server._connections.wait_for_none(10)
            async with raw_client(running.port, source=OTHER) as client:
                assert await answers(client, running)
            assert await running.server._connections.wait_for_none(10)
