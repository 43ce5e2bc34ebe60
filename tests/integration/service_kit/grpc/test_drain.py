"""The drain of a server: clients move to other servers, and calls in progress are answered."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from grpclib.client import Channel
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated
from service_kit.grpc.client import GrpcClient
from service_kit.grpc.errors import from_grpc_error
from shared_contracts.order.v1 import GetOrderRequest, OrderServiceStub

from tests.examples.tokens import Issuer
from tests.integration.service_kit.grpc.raw_client import raw_client
from tests.integration.service_kit.grpc.running_server import (
    ORDER_ID,
    Orders,
    Running,
    running_server,
    server_of,
)
from tests.running.servers import free_port

SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING
REQUEST = GetOrderRequest(order_id=ORDER_ID)


@asynccontextmanager
async def orders_of(running: Running) -> AsyncIterator[OrderServiceStub]:
    running.call_as(running.issuer.token())
    async with GrpcClient(running.target) as client:
        yield OrderServiceStub(client.channel, timeout=5)


@asynccontextmanager
async def watch(target: str) -> AsyncIterator["asyncio.Queue[object]"]:
    """Yields what a watcher receives: each status, and the error that ends the watch."""
    host, port = target.split(":")
    channel = Channel(host, int(port))
    received: asyncio.Queue[object] = asyncio.Queue()

    async def listen() -> None:
        try:
            async with HealthStub(channel).Watch.open() as stream:
                await stream.send_message(HealthCheckRequest(), end=True)
                async for response in stream:
                    received.put_nowait(response.status)
        except (GRPCError, StreamTerminatedError) as exc:
            received.put_nowait(exc)

    task = asyncio.create_task(listen())
    try:
        yield received
    finally:
        task.cancel()
        channel.close()


async def refusal(orders: OrderServiceStub) -> tuple[Status, str]:
    with pytest.raises(GRPCError) as refused:
        await orders.get_order(REQUEST)
    error = from_grpc_error(refused.value)
    return error.status, error.reason


async def test_drain_notifies_watchers_while_calls_are_still_accepted() -> None:
    async with running_server(drain_notice_s=60) as running, orders_of(running) as orders:
        async with watch(running.target) as received:
            assert await received.get() == SERVING
            draining = asyncio.create_task(running.server.drain(60))
            assert await received.get() == NOT_SERVING
            assert (await orders.get_order(REQUEST)).order is not None
            assert not draining.done()
        draining.cancel()


async def test_drain_notice_ends_when_no_client_is_connected() -> None:
    async with running_server(drain_notice_s=60) as running:
        await running.server.drain(60)

        async with orders_of(running) as orders:
            assert await refusal(orders) == (Status.UNAVAILABLE, "DRAINING")

    async with running_server(drain_notice_s=60) as running:
        async with orders_of(running) as orders:
            await orders.get_order(REQUEST)
            draining = asyncio.create_task(running.server.drain(60))
        await draining


async def test_drain_accepts_new_connections_and_refuses_their_calls() -> None:
    async with running_server(drain_notice_s=0) as running, orders_of(running) as orders:
        running.orders.go_on.clear()
        in_flight = asyncio.create_task(orders.get_order(REQUEST))
        await running.orders.entered.wait()
        draining = asyncio.create_task(running.server.drain(5))
        await asyncio.sleep(0)

        async with orders_of(running) as newcomer:
            assert await refusal(newcomer) == (Status.UNAVAILABLE, "DRAINING")
        assert running.orders.begun == 1
        assert not draining.done()

        running.orders.go_on.set()
        assert (await in_flight).order is not None
        await draining


async def test_goaway_names_the_last_answered_call_without_a_reset() -> None:
    async with running_server(drain_notice_s=0) as running, raw_client(running.port) as client:
        first, second = client.get_order(running.issuer.token()), client.get_order(running.issuer.token())
        await client.flush()
        assert (await client.status(first), await client.status(second)) == (Status.OK, Status.OK)

        await running.server.drain(5)
        closing = asyncio.create_task(running.server.__aexit__())
        goodbye = await client.first(ConnectionTerminated)
        # A call that was sent in the meantime has not begun, which GOAWAY shows.
        late = client.h2.get_next_available_stream_id()
        await client.send(b"\0\0\0\x04\0\0\0" + late.to_bytes(2) + b"\0\0\0\0")
        await client.until_closed()

        assert (goodbye.error_code, goodbye.last_stream_id) == (ErrorCodes.NO_ERROR, second)
        assert late > second
        await client.close()
        await closing


async def test_watches_end_when_the_server_closes() -> None:
    async with running_server(drain_notice_s=0) as running, watch(running.target) as received:
        assert await received.get() == SERVING
        await running.server.drain(5)
        assert await received.get() == NOT_SERVING
        await running.server.__aexit__()
        end = await received.get()
        assert isinstance(end, GRPCError)
        assert end.status is Status.UNAVAILABLE


async def test_calls_that_outlast_the_drain_do_not_delay_the_exit() -> None:
    async with running_server(drain_notice_s=0) as running, orders_of(running) as orders:
        running.orders.go_on.clear()
        in_flight = asyncio.create_task(orders.get_order(REQUEST))
        await running.orders.entered.wait()
        started = time.monotonic()
        await running.server.drain(0.1)
        await running.server.__aexit__()
        assert time.monotonic() - started < 1.5
        with pytest.raises(StreamTerminatedError):
            await in_flight


async def test_drain_on_a_shared_port_leaves_new_connections_to_the_others() -> None:
    staying, leaving, issuer, port = Orders(), Orders(), Issuer(), free_port()
    token = issuer.token()

    async def call() -> Status:
        async with raw_client(port) as client:
            stream = client.get_order(token)
            await client.flush()
            return await client.status(stream)

    async with (
        await server_of(leaving, issuer, port, share_port=True, drain_notice_s=0) as server,
        await server_of(staying, issuer, port, share_port=True),
    ):
        leaving.go_on.clear()
        in_flight = set()
        while not leaving.entered.is_set():  # the kernel decides which server gets a connection
            in_flight.add(asyncio.create_task(call()))
            await asyncio.sleep(0.02)
        draining = asyncio.create_task(server.drain(5))
        await asyncio.sleep(0.05)
        before = staying.begun
        assert {await call() for _ in range(20)} == {Status.OK}
        assert staying.begun == before + 20
        leaving.go_on.set()
        assert set(await asyncio.gather(*in_flight)) == {Status.OK}
        await draining


async def test_drain_under_load_answers_every_call_or_never_begins_it() -> None:
    chance = random.Random(11)  # noqa: S311
    outcomes: list[str] = []

    async def keep_calling(running: Running, stop: asyncio.Event) -> None:
        token = running.issuer.token()
        while not stop.is_set():
            try:
                await a_few_calls(running, token)
            except ConnectionRefusedError:
                outcomes.append("never begun")
                await asyncio.sleep(0.01)

    async def a_few_calls(running: Running, token: str) -> None:
        async with raw_client(running.port) as client:
            for _ in range(chance.randint(1, 20)):
                if client.goodbye is not None:
                    return
                stream = client.get_order(token)
                await client.flush()
                try:
                    status = await client.status(stream)
                except AssertionError:
                    assert client.goodbye is not None, "closed without a word"
                    assert stream > (client.goodbye.last_stream_id or 0), "begun, and not answered"
                    outcomes.append("never begun")
                    return
                outcomes.append(status.name)

    stop = asyncio.Event()
    async with running_server(drain_notice_s=0.05) as running:
        clients = [asyncio.create_task(keep_calling(running, stop)) for _ in range(8)]
        await asyncio.sleep(0.3)
        await running.server.drain(5)
        await running.server.__aexit__()
        await asyncio.sleep(0.05)
        stop.set()
        await asyncio.gather(*clients)

    assert set(outcomes) <= {"OK", "UNAVAILABLE", "never begun"}
    assert outcomes.count("OK") == running.orders.begun == running.orders.ended
    assert outcomes.count("OK") > 20
