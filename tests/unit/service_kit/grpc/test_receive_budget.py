"""Which calls are refused when too many bytes are arriving."""

import asyncio

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from service_kit.grpc.receive_budget import ReceiveBudget, ReceiveBuffer
from service_kit.request.errors import CallError

MAX_BYTES = 1000


class Calls:
    """Calls on connections of one server. acked: how many bytes were acknowledged to the peers."""

    def __init__(self) -> None:
        self.budget = ReceiveBudget(MAX_BYTES)
        self.acked = 0

    def begin(self, connection: str, *, verified: bool = True) -> ReceiveBuffer:
        buffer = ReceiveBuffer(self._ack, self.budget, connection)
        if verified:
            buffer.verify()
        return buffer

    def _ack(self, size: int) -> None:
        self.acked += size


def receive(buffer: ReceiveBuffer, size: int) -> None:
    buffer.add(b"x" * size, size)


async def is_refused(buffer: ReceiveBuffer) -> bool:
    try:
        async with asyncio.timeout(0.01):
            await buffer.read(MAX_BYTES * 10)
    except CallError as error:
        return error.reason == "OVERLOADED"
    except TimeoutError:
        return False
    return False


async def test_bytes_that_have_not_arrived_do_not_count() -> None:
    calls = Calls()
    waiting = [calls.begin("a", verified=False) for _ in range(200)]
    for call in waiting:
        receive(call, 1)
    assert not any([await is_refused(call) for call in waiting[:5]])


async def test_connection_that_holds_most_loses_its_largest_call() -> None:
    calls = Calls()
    attackers = [calls.begin(connection) for connection in "aab"]
    for call in attackers:
        receive(call, 300)
    honest = calls.begin("c")
    receive(honest, 200)
    assert not await is_refused(honest)
    assert sorted([await is_refused(call) for call in attackers]) == [False, False, True]
    assert not await is_refused(attackers[2])


async def test_callers_without_a_token_share_a_quarter() -> None:
    calls = Calls()
    unknown = [calls.begin(connection, verified=False) for connection in "ab"]
    receive(unknown[0], 200)
    receive(unknown[1], 51)
    assert await is_refused(unknown[0])
    assert not await is_refused(unknown[1])
    known = calls.begin("c")
    receive(known, 900)
    assert not await is_refused(known)


async def test_verified_call_leaves_the_share_of_callers_without_a_token() -> None:
    calls = Calls()
    call = calls.begin("a", verified=False)
    receive(call, 250)
    call.verify()
    other = calls.begin("a", verified=False)
    receive(other, 250)
    assert not await is_refused(call)
    assert not await is_refused(other)


async def test_read_bytes_make_room() -> None:
    calls = Calls()
    call = calls.begin("a")
    for _ in range(10):
        receive(call, MAX_BYTES)
        assert len(await call.read(MAX_BYTES)) == MAX_BYTES
    assert calls.acked == 10 * MAX_BYTES


async def test_waiting_reader_is_refused_at_once() -> None:
    calls = Calls()
    call = calls.begin("a")
    receive(call, 600)
    reading = asyncio.create_task(call.read(MAX_BYTES))
    await asyncio.sleep(0)
    receive(calls.begin("b"), 500)
    with pytest.raises(CallError):
        await reading


async def test_bytes_for_a_refused_call_are_dropped_and_acknowledged() -> None:
    calls = Calls()
    call = calls.begin("a")
    receive(call, MAX_BYTES + 1)
    assert await is_refused(call)
    receive(call, 5)
    assert calls.acked == 5
    other = calls.begin("a")
    receive(other, MAX_BYTES)
    assert not await is_refused(other)


class Accounting(RuleBasedStateMachine):
    """In any order of events, the budget holds exactly what its buffers hold."""

    buffers = Bundle("buffers")

    def __init__(self) -> None:
        super().__init__()
        self.calls = Calls()
        self.all: list[ReceiveBuffer] = []

    @rule(target=buffers, connection=st.sampled_from("abc"), verified=st.booleans())
    def begin(self, connection: str, verified: bool) -> ReceiveBuffer:
        self.all.append(self.calls.begin(connection, verified=verified))
        return self.all[-1]

    @rule(buffer=buffers, size=st.integers(1, MAX_BYTES + 100))
    def come(self, buffer: ReceiveBuffer, size: int) -> None:
        receive(buffer, size)

    @rule(buffer=buffers)
    def read(self, buffer: ReceiveBuffer) -> None:
        if not buffer.held_bytes:
            return  # it would wait, for which there is no event loop
        with pytest.raises(StopIteration):
            buffer.read((buffer.held_bytes + 1) // 2).send(None)

    @rule(buffer=buffers)
    def verify(self, buffer: ReceiveBuffer) -> None:
        buffer.verify()

    @rule(buffer=consumes(buffers))
    def close(self, buffer: ReceiveBuffer) -> None:
        buffer.close()
        assert buffer.held_bytes == 0

    @invariant()
    def adds_up(self) -> None:
        total = self.calls.budget._total
        assert total.held_bytes == sum(buffer.held_bytes for buffer in self.all) <= MAX_BYTES
        unverified = sum(buffer.held_bytes for buffer in self.all if not buffer.verified)
        assert total.unverified_bytes == unverified <= MAX_BYTES // 4
        by_connection = self.calls.budget._by_connection
        assert {connection: share.held_bytes for connection, share in by_connection.items()} == {
            connection: held
            for connection in "abc"
            if (held := sum(buffer.held_bytes for buffer in self.all if buffer.connection == connection))
        }


TestAccounting = Accounting.TestCase
