"""What reaches the transport, and when."""

import asyncio

import pytest
from service_kit.grpc.corked_protocol import CorkedTransport


class Recording(asyncio.Transport):
    """Remembers what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[bytes | str] = []
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.done.append(bytes(data))

    def close(self) -> None:
        self.closing = True
        self.done.append("close")

    def abort(self) -> None:
        self.closing = True
        self.done.append("abort")

    def is_closing(self) -> bool:
        return self.closing


@pytest.fixture
def recording() -> Recording:
    return Recording()


async def test_what_is_written_in_one_turn_goes_out_together(recording: Recording) -> None:
    corked = CorkedTransport(recording)
    for data in (b"a", bytearray(b"b"), memoryview(b"c"), b""):
        corked.write(data)
    assert recording.done == []

    await asyncio.sleep(0)
    corked.write(b"d")
    await asyncio.sleep(0)

    assert recording.done == [b"abc", b"d"]


async def test_closing_comes_after_what_was_written(recording: Recording) -> None:
    corked = CorkedTransport(recording)
    corked.write(b"a")
    corked.close()
    await asyncio.sleep(0)

    assert recording.done == [b"a", "close"]
    assert corked.is_closing()


async def test_aborting_drops_what_waits(recording: Recording) -> None:
    corked = CorkedTransport(recording)
    corked.write(b"a")
    corked.abort()
    await asyncio.sleep(0)

    assert recording.done == ["abort"]


async def test_nothing_is_written_to_a_transport_that_was_closed_meanwhile(recording: Recording) -> None:
    corked = CorkedTransport(recording)
    corked.write(b"a")
    recording.closing = True
    await asyncio.sleep(0)

    assert recording.done == []
