"""Every call has a deadline, and late calls are not begun."""

import asyncio
import time
from typing import Any

import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from loguru import logger
from service_kit.grpc.call_handler import CallHandler

from tests.integration.service_kit.grpc.raw_client import raw_client
from tests.integration.service_kit.grpc.running_server import DEADLINE_S, Running, StoreAwayError, running_server


async def called_with(running: Running, *timeouts: str) -> Status:
    async with raw_client(running.port) as client:
        more = tuple([("grpc-timeout", timeout) for timeout in timeouts])
        stream = client.get_order(running.issuer.token(), more=more)
        await client.flush()
        return await client.status(stream)


@pytest.mark.parametrize("timeouts", [(), ("60S",), ("99999999H",), ("60S", "90S")])
async def test_deadline_of_the_contract_limits_that_of_the_caller(timeouts: tuple[str, ...]) -> None:
    async with running_server() as running:
        before = time.monotonic()
        assert await called_with(running, *timeouts) is Status.OK
        seen = running.orders.seen
        assert seen is not None
        assert seen.deadline is not None
        assert before < seen.deadline <= time.monotonic() + DEADLINE_S


async def test_shorter_deadline_of_the_caller_counts() -> None:
    async with running_server() as running:
        assert await called_with(running, "500m", "60S") is Status.OK
        seen = running.orders.seen
        assert seen is not None
        assert seen.deadline is not None
        assert seen.deadline <= time.monotonic() + 0.5


async def test_call_without_a_deadline_ends_at_that_of_its_method() -> None:
    async with running_server() as running:
        running.orders.go_on.clear()
        started = time.monotonic()
        assert await called_with(running) is Status.DEADLINE_EXCEEDED
        assert DEADLINE_S - 0.1 < time.monotonic() - started < DEADLINE_S + 2
        assert running.orders.ended == 0


async def test_call_whose_message_never_arrives_ends_at_its_deadline() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        stream = client.begin(running.issuer.token(), more=(("grpc-timeout", "100m"),))
        await client.flush()
        assert await client.status(stream) is Status.DEADLINE_EXCEEDED
        stream = client.begin(running.issuer.token(), more=(("grpc-timeout", "100m"),))
        client.h2.send_data(stream, b"\0\0\0\0\x26\x0a")
        await client.flush()
        assert await client.status(stream) is Status.DEADLINE_EXCEEDED
        assert running.orders.begun == 0


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("0S", Status.DEADLINE_EXCEEDED),
        ("00000n", Status.DEADLINE_EXCEEDED),
        ("", Status.INVALID_ARGUMENT),
        ("-1S", Status.INVALID_ARGUMENT),
        ("1.5S", Status.INVALID_ARGUMENT),
        ("1s", Status.INVALID_ARGUMENT),
        ("soon", Status.INVALID_ARGUMENT),
    ],
)
async def test_malformed_timeout_is_refused(text: str, status: Status) -> None:
    async with running_server() as running:
        assert await called_with(running, text) is status
        assert running.orders.begun == 0


async def test_call_that_became_late_while_it_waited_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    accept = CallHandler.accept

    def accept_while_others_keep_the_event_loop_busy(self: CallHandler, *arguments: Any) -> None:
        accept(self, *arguments)
        time.sleep(0.15)

    monkeypatch.setattr(CallHandler, "accept", accept_while_others_keep_the_event_loop_busy)
    async with running_server() as running:
        assert await called_with(running, "100m") is Status.DEADLINE_EXCEEDED
        assert running.orders.begun == 0


async def test_call_that_became_late_while_its_message_arrived_is_not_begun() -> None:
    async with running_server() as running, raw_client(running.port) as client:
        stream = client.begin(running.issuer.token(), more=(("grpc-timeout", "150m"),))
        client.h2.send_data(stream, b"\0\0\0\0\x26")
        await client.flush()
        await asyncio.sleep(0.05)
        client.h2.send_data(stream, b"\x0a\x24" + b"0" * 36, end_stream=True)
        await client.flush()
        time.sleep(0.2)  # noqa: ASYNC251 - it blocks the event loop
        assert await client.status(stream) is Status.DEADLINE_EXCEEDED
        assert running.orders.begun == 0


async def test_log_distinguishes_a_deadline_from_a_caller_that_left() -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {extra[status]}", filter=lambda r: "status" in r["extra"])
    async with running_server() as running:
        running.orders.go_on.clear()
        assert await called_with(running, "50m") is Status.DEADLINE_EXCEEDED
        async with raw_client(running.port) as client:
            running.orders.entered.clear()
            stream = client.get_order(running.issuer.token())
            await client.flush()
            await running.orders.entered.wait()
            client.h2.reset_stream(stream)
            await client.flush()
        await running.server.drain(5)
    logger.remove(sink)
    assert [line.strip() for line in lines] == ["INFO DEADLINE_EXCEEDED", "INFO CANCELLED"]


async def test_deadline_never_becomes_an_internal_error() -> None:
    errors: list[str] = []
    sink = logger.add(errors.append, level="ERROR", format="{message}")
    async with running_server() as running:
        running.orders.go_on.clear()
        statuses = await asyncio.gather(*(called_with(running, f"{n}m") for n in range(1, 40)), return_exceptions=True)
    logger.remove(sink)
    assert set(statuses) == {Status.DEADLINE_EXCEEDED}
    assert errors == []
    assert GRPCError not in {type(status) for status in statuses}


async def test_store_timeout_at_the_callers_deadline_is_deadline_exceeded() -> None:
    async with running_server() as running:
        running.orders.error_when_cancelled = StoreAwayError("The store does not answer.")
        running.orders.go_on.clear()
        assert await called_with(running, "50m") is Status.DEADLINE_EXCEEDED
        running.orders.error = StoreAwayError("The store does not answer.")
        running.orders.go_on.set()
        assert await called_with(running, "1S") is Status.UNAVAILABLE
