"""What reaches the transport, and in which turn."""

import asyncio

import pytest
from service_kit.grpc.corked_protocol import CorkedTransport


class Recording(asyncio.Transport):
    """Records the calls of its methods."""

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


async def test_writes_of_one_turn_are_sent_together(recording: Recording) -> None:
    corked = CorkedTransport(recording)
    for data in (b"a", bytearray(b"b"), memoryview(b"c"), b""):
        corked.write(data)
    assert recording.done == []

    await asyncio.sleep(0)
    corked.write(b"d")
    await asyncio.sleep(0)

    assert recording.done == [b"abc", b"d"]


async def test_closing_follows_written_data(recording: Recording) -> None:
    corked = CorkedTransport(recording)
    corked.write(b"a")
    corked.close()
    await asyncio.sleep(0)

    assert recording.done == [b"a", "close"]
    assert corked.is_closing()


async def test_aborting_drops_waiting_data(recording: Recording) -> None:
    corked = CorkedTransport(recording)
    corked.write(b"a")
    corked.abort()
    await asyncio.sleep(0)

    assert recording.done == ["abort"]


async def test_nothing_is_written_to_a_closed_transport(recording: Recording) -> None:
    corked = CorkedTransport(recording)
    corked.write(b"a")
    recording.closing = True
    await asyncio.sleep(0)

    assert recording.done == []
