"""How a failed call is sent again: where, when, and how often. That the wire behaves so has tests of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, cast

import pytest
from gateway.problems import Decision
from gateway.upstream.endpoint import Endpoint, Standing
from gateway.upstream.failure import AttemptError
from gateway.upstream.pool import Pool
from gateway.upstream.retry_budget import RetryBudget
from gateway.upstream.retrying import Call, Retrying
from grpclib.const import Status
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError
from service_kit.telemetry.trace_context import continue_trace

from tests.examples.contracts import headrace_contract

SHOW = headrace_contract().methods["/order.v1.OrderService/GetOrder"]
CHANGE = headrace_contract().methods["/order.v1.OrderService/UpdateOrderStatus"]
UNAVAILABLE = AttemptError(Status.UNAVAILABLE, "X")
LOST = AttemptError(Status.UNAVAILABLE, "X", lost=True)
NEVER_RAN = AttemptError(Status.UNAVAILABLE, "X", never_ran=True)
LATE = AttemptError(Status.DEADLINE_EXCEEDED, "X")


@dataclass(eq=False)
class FakeEndpoint:
    """Answers, or fails, the same each time. calls: how many came."""

    failure: CallError | None = None
    standing: Standing = Standing.READY
    in_flight: int = 0
    calls: int = 0
    refusal: Decision | None = None

    async def call(self, *_arguments: Any) -> str:
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        return "answer"


@dataclass
class World:
    """endpoints: the first is where the call has just failed. slept: each pause, in seconds."""

    endpoints: list[FakeEndpoint]
    retries: int = 2
    budget: RetryBudget = field(default_factory=lambda: RetryBudget(1.0))
    slept: list[float] = field(default_factory=list)
    counted: list[tuple[str, str]] = field(default_factory=list)
    during_pause: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        for _ in range(10):
            self.budget.deposit()

    async def again(self, failure: AttemptError, method: Any = SHOW, left_s: float = 10.0) -> Any:
        retrying = Retrying(
            cast("Pool", self),
            self.budget,
            self.retries,
            lambda kind, outcome: self.counted.append((kind, outcome)),
            jitter=lambda: 1.0,
            sleep=self.sleep,
        )
        request = RequestContext("request-1", continue_trace(None))
        call = Call(method, method.request_class(), request, monotonic() + left_s)
        return await retrying.again(call, cast("Endpoint", self.endpoints[0]), failure)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.during_pause()


def calls_of(world: World) -> list[int]:
    return sorted(endpoint.calls for endpoint in world.endpoints)


async def test_pauses_are_a_part_of_a_time_that_doubles() -> None:
    world = World([FakeEndpoint(UNAVAILABLE) for _ in range(4)])
    with pytest.raises(AttemptError):
        await world.again(UNAVAILABLE)
    assert world.slept == [0.05, 0.1]
    assert calls_of(world) == [0, 0, 1, 1]
    assert world.counted == [("retry", "failed")] * 2


async def test_a_pause_that_does_not_fit_into_the_time_is_not_made_and_costs_nothing() -> None:
    world = World([FakeEndpoint(), FakeEndpoint()])
    before = world.budget.left
    with pytest.raises(AttemptError) as raised:
        await world.again(UNAVAILABLE, left_s=0.04)
    assert raised.value is UNAVAILABLE
    assert (world.slept, world.counted, world.budget.left) == ([], [("retry", "no_time")], before)


async def test_call_that_never_ran_moves_at_once_and_free_of_budget_until_all_addresses_were_tried() -> None:
    world = World([FakeEndpoint(NEVER_RAN) for _ in range(5)], retries=0)
    before = world.budget.left
    with pytest.raises(AttemptError):
        await world.again(NEVER_RAN, CHANGE)
    assert calls_of(world) == [0, 1, 1, 1, 1]
    assert (world.slept, world.budget.left) == ([], before)
    assert world.counted == [("move", "failed")] * 4 + [("move", "no_address")]


async def test_what_the_service_answers_the_second_time_is_the_answer() -> None:
    refusal = CallError(Status.NOT_FOUND, "ORDER_NOT_FOUND")
    world = World([FakeEndpoint(), FakeEndpoint(refusal)])
    with pytest.raises(CallError) as raised:
        await world.again(UNAVAILABLE)
    assert raised.value is refusal
    assert world.counted == [("retry", "answered")]


@pytest.mark.parametrize(
    ("failure", "method"), [(LATE, SHOW), (UNAVAILABLE, CHANGE), (AttemptError(Status.INTERNAL, "X"), SHOW)]
)
async def test_what_must_not_be_sent_again(failure: AttemptError, method: Any) -> None:
    world = World([FakeEndpoint(), FakeEndpoint()])
    with pytest.raises(AttemptError) as raised:
        await world.again(failure, method)
    assert raised.value is failure
    assert (calls_of(world), world.counted) == ([0, 0], [])


async def test_address_whose_connection_was_lost_is_tried_again_only_if_there_is_no_other() -> None:
    with_other = World([FakeEndpoint(), FakeEndpoint()])
    assert await with_other.again(LOST) == "answer"
    assert [endpoint.calls for endpoint in with_other.endpoints] == [0, 1]
    alone = World([FakeEndpoint()])
    assert await alone.again(LOST) == "answer"
    assert alone.counted == [("retry", "answered")]


async def test_there_is_no_third_chance_and_none_behind_an_open_breaker() -> None:
    alone = World([FakeEndpoint(LOST)])
    with pytest.raises(AttemptError):
        await alone.again(LOST)
    assert calls_of(alone) == [1]
    open_now = World([FakeEndpoint(standing=Standing.BROKEN, refusal=Decision("breaker", "open"))])
    with pytest.raises(AttemptError):
        await open_now.again(LOST)
    assert calls_of(open_now) == [0]


async def test_who_breaks_during_the_pause_is_not_asked() -> None:
    world = World([FakeEndpoint(), FakeEndpoint()])

    def break_it() -> None:
        world.endpoints[1].standing = Standing.BROKEN

    world.during_pause = break_it
    with pytest.raises(AttemptError):
        await world.again(UNAVAILABLE)
    assert (calls_of(world), world.counted) == ([0, 0], [("retry", "no_address")])
