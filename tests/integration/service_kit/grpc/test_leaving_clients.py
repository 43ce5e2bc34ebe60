"""A client that leaves while its call is in progress is not logged as an error of the service."""

import asyncio
import logging
import random

import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from service_kit.grpc.client import GrpcClient
from service_kit.request.errors import CallError
from shared_contracts.order.v1 import GetOrderRequest, OrderServiceStub

from tests.integration.service_kit.grpc.raw_client import raw_client
from tests.integration.service_kit.grpc.running_server import ORDER_ID, running_server

WATCH = "/grpc.health.v1.Health/Watch"


def at_fault(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Collects what grpclib logs as errors, or with a traceback."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING or record.exc_info]


@pytest.mark.parametrize(
    "error",
    [None, CallError(Status.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE"), TimeoutError(), ValueError("not in deque")],
    ids=["cancelled", "refused", "late", "unexpected"],
)
async def test_error_that_a_cancellation_causes_is_not_logged(
    caplog: pytest.LogCaptureFixture, error: Exception | None
) -> None:
    async with running_server() as running, raw_client(running.port) as client:
        running.orders.error_when_cancelled = error
        running.orders.go_on.clear()
        stream = client.get_order(running.issuer.token())
        await client.flush()
        await running.orders.entered.wait()
        client.h2.reset_stream(stream)
        await client.flush()
        await running.orders.left.wait()
        running.orders.go_on.set()
        again = client.get_order(running.issuer.token())
        await client.flush()
        assert await client.status(again) is Status.OK
    assert at_fault(caplog) == []


async def test_response_in_the_moment_the_client_leaves_is_not_logged_as_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_server() as running, raw_client(running.port) as client:
        running.orders.go_on.clear()
        stream = client.get_order(running.issuer.token())
        await client.flush()
        await running.orders.entered.wait()
        client.h2.reset_stream(stream)
        await client.flush()
        running.orders.go_on.set()
        again = client.get_order(running.issuer.token())
        await client.flush()
        assert await client.status(again) is Status.OK
    assert at_fault(caplog) == []


async def test_abandoned_watch_is_not_logged_as_error(caplog: pytest.LogCaptureFixture) -> None:
    async with running_server() as running, raw_client(running.port) as client:
        stream = client.begin("", path=WATCH)
        client.h2.send_data(stream, b"\0\0\0\0\0", end_stream=True)
        await client.flush()
        client.h2.reset_stream(stream)
        again = client.get_order(running.issuer.token())
        await client.flush()
        assert await client.status(again) is Status.OK
    assert at_fault(caplog) == []


async def test_calls_with_too_little_time_log_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    rng = random.Random(20261130)  # noqa: S311 - the same at each run
    async with running_server() as running, GrpcClient(running.target) as client:
        stub = OrderServiceStub(client.channel)
        running.call_as(running.issuer.token())

        async def call() -> None:
            try:
                await stub.get_order(GetOrderRequest(order_id=ORDER_ID), timeout=rng.uniform(0.0005, 0.02))
            except (TimeoutError, GRPCError):
                return

        for _ in range(20):
            running.orders.go_on.clear()
            calls = [asyncio.create_task(call()) for _ in range(20)]
            await asyncio.sleep(0.01)
            running.orders.go_on.set()
            await asyncio.gather(*calls)
    assert at_fault(caplog) == []
