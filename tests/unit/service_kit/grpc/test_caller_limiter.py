"""The calls in progress of one caller, against a model and by example."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from grpclib.const import Status
from hypothesis import given
from hypothesis import strategies as st
from service_kit.grpc.caller_limiter import CallerLimiter
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError
from service_kit.request.principal import Principal
from service_kit.telemetry.trace_context import continue_trace

_OF_USER, _OF_NETWORK, _WAITING = 3, 2, 4


def of_user(name: str) -> RequestContext:
    principal = Principal(name, "user", session_id="s", token_id="t", key_counter=0, issued_at=0, expires_at=1)
    return RequestContext("r", continue_trace(None), client_address="192.0.2.1", principal=principal)


def of_address(address: str) -> RequestContext:
    return RequestContext("r", continue_trace(None), client_address=address)


CALLERS = [of_user("ada"), of_user("bob"), of_address("192.0.2.1"), of_address("2001:db8::1"), of_address("")]
LIMITS = [_OF_USER, _OF_USER, _OF_NETWORK, _OF_NETWORK, _OF_NETWORK]


@dataclass
class Call:
    """A call that runs from its permit until `end` is set."""

    caller: int
    end: asyncio.Event = field(default_factory=asyncio.Event)
    running: bool = False
    task: "asyncio.Task[None] | None" = None

    async def run(self, limiter: CallerLimiter) -> None:
        async with limiter.permit(CALLERS[self.caller]):
            self.running = True
            try:
                await self.end.wait()
            finally:
                self.running = False


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


_STEPS = st.lists(
    st.tuples(st.sampled_from(["begin", "begin", "end", "cancel", "end and cancel"]), st.integers(0, 30)), max_size=60
)


@given(_STEPS)
def test_permits_go_to_waiting_calls_in_order_and_none_is_lost(steps: list[tuple[str, int]]) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, int]]) -> None:
    limiter = CallerLimiter(identified=_OF_USER, unidentified=_OF_NETWORK, waiting=_WAITING)
    running: dict[int, list[Call]] = defaultdict(list)
    waiting: dict[int, list[Call]] = defaultdict(list)

    def advance(caller: int) -> None:
        while waiting[caller] and len(running[caller]) < LIMITS[caller]:
            running[caller].append(waiting[caller].pop(0))

    for kind, number in steps:
        if kind == "begin":
            call = Call(number % len(CALLERS))
            call.task = asyncio.create_task(call.run(limiter))
            await _settle()
            if len(waiting[call.caller]) == _WAITING:
                assert isinstance(call.task.exception(), CallError)
                continue
            waiting[call.caller].append(call)
            advance(call.caller)
        else:
            every = [call for calls in (*running.values(), *waiting.values()) for call in calls]
            if not every:
                continue
            call = every[number % len(every)]
            assert call.task is not None
            if kind == "end and cancel" and call.running and waiting[call.caller]:
                # The next call is cancelled in the moment in which it gets the permit.
                follower = waiting[call.caller].pop(0)
                assert follower.task is not None
                call.end.set()
                await asyncio.sleep(0)
                follower.task.cancel()
            elif kind == "end" and call.running:
                call.end.set()
            else:
                call.task.cancel()
            await _settle()
            for calls in (running[call.caller], waiting[call.caller]):
                if call in calls:
                    calls.remove(call)
            advance(call.caller)
        for caller in range(len(CALLERS)):
            assert all(each.running for each in running[caller])
            assert not any(each.running for each in waiting[caller])
        assert len(limiter) == sum(1 for calls in running.values() if calls)
    left = [call.task for calls in (*running.values(), *waiting.values()) for call in calls if call.task is not None]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    assert len(limiter) == 0


async def test_call_beyond_the_queue_is_refused_with_retry_after() -> None:
    limiter = CallerLimiter(identified=1, unidentified=1, waiting=0)
    async with limiter.permit(of_user("ada")):
        with pytest.raises(CallError) as refusal:
            async with limiter.permit(of_user("ada")):
                pytest.fail("not refused")
        async with limiter.permit(of_user("bob")):
            pass
    assert (refusal.value.status, refusal.value.reason) == (Status.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert refusal.value.retry_after_s == 1


async def test_call_cancelled_while_it_gets_a_permit_ends_as_cancelled() -> None:
    limiter = CallerLimiter(identified=1, unidentified=1, waiting=2)
    first, second, third = (Call(0) for _ in range(3))
    for call in (first, second, third):
        call.task = asyncio.create_task(call.run(limiter))
        await _settle()
    assert second.task is not None
    first.end.set()
    second.task.cancel()
    await _settle()
    assert second.task.cancelled()
    assert third.running
    third.end.set()
    await _settle()
    assert len(limiter) == 0


async def test_addresses_of_one_network_are_one_caller() -> None:
    limiter = CallerLimiter(identified=1, unidentified=1, waiting=0)
    async with limiter.permit(of_address("2001:db8::1")):
        with pytest.raises(CallError):
            async with limiter.permit(of_address("2001:db8::2")):
                pytest.fail("not refused")
        async with limiter.permit(of_address("2001:db8:0:1::1")):
            pass
