"""BusyLoopTimeout on a busy event loop, with a real socket: an answer that was received is not late."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from gateway.limits.busy_loop_timeout import BusyLoopTimeout


@asynccontextmanager
async def connection() -> AsyncIterator[tuple[socket.socket, asyncio.StreamReader]]:
    """Yields the socket that answers, and the reader that waits for the answer."""
    theirs, ours = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    try:
        yield theirs, reader
    finally:
        theirs.close()
        writer.close()
        await writer.wait_closed()


async def first_line(reader: asyncio.StreamReader, seconds: float) -> bytes:
    async with BusyLoopTimeout(seconds):
        return await reader.readline()


async def test_answer_received_while_the_loop_was_busy_is_in_time() -> None:
    async with connection() as (theirs, reader):
        asking = asyncio.create_task(first_line(reader, 0.02))
        await asyncio.sleep(0)
        theirs.sendall(b"answer\n")
        time.sleep(0.1)  # noqa: ASYNC251 - as a loop that has much to do
        assert await asking == b"answer\n"


async def test_missing_answer_is_a_timeout_and_the_task_continues() -> None:
    async with connection() as (theirs, reader):
        with pytest.raises(TimeoutError):
            await first_line(reader, 0.02)
        theirs.sendall(b"late\n")
        assert await first_line(reader, 5) == b"late\n"


async def test_cancellation_from_outside_is_kept() -> None:
    async with connection() as (_, reader):
        asking = asyncio.create_task(first_line(reader, 0.02))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_error_inside_is_raised() -> None:
    with pytest.raises(LookupError):
        async with BusyLoopTimeout(0.02):
            raise LookupError
    # No cancellation is left over from it.
    await asyncio.sleep(0.03)
