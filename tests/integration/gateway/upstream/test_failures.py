"""What fails on the way to a service, and what becomes of the calls."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest
from gateway.problems import Problem
from gateway.upstream.address import Address
from gateway.upstream.failure import AttemptError
from grpclib.const import Status
from h2.errors import ErrorCodes
from service_kit.grpc.errors import to_grpc_error
from service_kit.request.errors import CallError

from tests.integration.gateway.upstream.caller import POLICY, Caller, calling
from tests.integration.gateway.upstream.service import CHANGE, SHOW, Replica, at_once, replicas, soon

#: No breaker gets in the way of what is to be seen.
PATIENT = replace(POLICY, breaker_failures=10**6)


def refusing(status: Status, reason: str = "X") -> Callable[[Any], Awaitable[None]]:
    async def refuse(_stream: Any) -> None:
        raise to_grpc_error(CallError(status, reason))

    return refuse


async def refuse_stream(stream: Any) -> None:
    """As a server does that takes no more streams."""
    await stream._stream.reset(ErrorCodes.REFUSED_STREAM)
    await asyncio.Event().wait()


async def cut_while_idle(caller: Caller, replica: Replica) -> None:
    """Break its connections, and let the caller notice."""
    old = caller.connections(replica)
    replica.cut()
    await soon(lambda: all(connection.ended for connection in old))


async def failure_of(caller: Caller, *arguments: Any, **more: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        await caller.call(*arguments, **more)
    return caught.value


async def test_a_replica_that_dies_costs_no_call_that_may_be_repeated() -> None:
    async with replicas(2) as (dying, staying), calling([dying, staying], PATIENT) as caller:
        answered = asyncio.Event()

        async def ask() -> None:
            while not answered.is_set():
                await caller.call()

        clients = [asyncio.create_task(ask()) for _ in range(10)]
        await soon(lambda: dying.calls > 20)
        await dying.die()
        seen = staying.calls
        await soon(lambda: staying.calls > seen + 100)
        answered.set()
        await asyncio.gather(*clients)


async def test_unavailable_is_sent_again_elsewhere_if_the_contract_allows() -> None:
    async with replicas(2) as (one, other), calling([one, other], PATIENT) as caller:
        one.behave = refusing(Status.UNAVAILABLE)
        for _ in range(20):
            await caller.call(SHOW)
            await caller.create(key="k")
        assert one.calls
        assert set(caller.retries()) == {("retry", "answered")}
        seen = one.calls
        outcomes = await asyncio.gather(*(caller.call(CHANGE) for _ in range(20)), return_exceptions=True)
        outcomes += await asyncio.gather(*(caller.create() for _ in range(20)), return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, CallError)]
        assert len(failures) == one.calls - seen > 0
        assert {failure.status for failure in failures} == {Status.UNAVAILABLE}


@pytest.mark.parametrize("status", [Status.INTERNAL, Status.UNKNOWN, Status.NOT_FOUND, Status.RESOURCE_EXHAUSTED])
async def test_nothing_else_is(status: Status) -> None:
    async with replicas(2) as running, calling(running, PATIENT) as caller:
        for replica in running:
            replica.behave = refusing(status)
        assert (await failure_of(caller)).status is status
        assert sum(replica.calls for replica in running) == 1


async def test_a_single_address_is_asked_once() -> None:
    async with replicas(1) as (replica,), calling([replica], PATIENT) as caller:
        replica.behave = refusing(Status.UNAVAILABLE)
        assert (await failure_of(caller)).status is Status.UNAVAILABLE
        assert replica.calls == 1


async def test_retries_are_two_at_most_each_elsewhere() -> None:
    async with replicas(4) as running, calling(running, PATIENT) as caller:
        for _ in range(3):  # which pays for the retries
            await caller.call(CHANGE)
        for replica in running:
            replica.calls = 0
            replica.behave = refusing(Status.UNAVAILABLE)
        await failure_of(caller)
        assert sorted(replica.calls for replica in running) == [0, 1, 1, 1]


async def test_without_budget_nothing_is_sent_again() -> None:
    policy = replace(PATIENT, retry_budget=0.1)
    async with replicas(2) as running, calling(running, policy) as caller:
        for replica in running:
            replica.behave = refusing(Status.UNAVAILABLE)
        for _ in range(100):
            await failure_of(caller)
        assert sum(replica.calls for replica in running) == 110
        assert caller.retries() == {("retry", "failed"): 10, ("retry", "no_budget"): 90, ("retry", "no_address"): 10}


@pytest.mark.parametrize("refusal", [refusing(Status.UNAVAILABLE, "DRAINING"), refuse_stream])
async def test_call_that_never_ran_moves_to_another_address(refusal: Any) -> None:
    policy = replace(PATIENT, retry_budget=0.0)
    async with replicas(2) as (leaving, staying), calling([leaving, staying], policy) as caller:
        leaving.behave = refusal
        await asyncio.gather(*(caller.call(CHANGE) for _ in range(20)))
        assert leaving.calls
        assert staying.calls == 20
        assert caller.retries() == {("move", "answered"): leaving.calls}


async def test_who_drains_is_left_alone_even_if_its_health_does_not_say_so() -> None:
    async with replicas(2) as (leaving, staying), calling([leaving, staying], PATIENT) as caller:
        leaving.behave = refusing(Status.UNAVAILABLE, "DRAINING")
        for _ in range(20):
            await caller.call(CHANGE)
        assert leaving.calls == 1


async def test_who_drains_opens_no_breaker() -> None:
    async with replicas(1) as (replica,), calling([replica]) as caller:
        replica.behave = refusing(Status.UNAVAILABLE, "DRAINING")
        for _ in range(20):
            assert (await failure_of(caller)).reason == "DRAINING"
        assert replica.calls == 20


async def test_who_says_it_does_not_serve_is_left_at_once() -> None:
    async with replicas(2) as (leaving, staying), calling([leaving, staying]) as caller:
        leaving.health.set(False)
        await soon(lambda: caller.standing(leaving) == 2)
        before = leaving.calls
        for _ in range(50):
            await caller.call()
        assert leaving.calls == before
        leaving.health.set(True)
        await soon(lambda: caller.standing(leaving) == 0)
        for _ in range(50):
            await caller.call()
        assert leaving.calls > before
        # Better one that says so than none.
        for replica in (leaving, staying):
            replica.health.set(False)
        await soon(lambda: caller.standing(leaving) == caller.standing(staying) == 2)
        await caller.call()


async def test_goaway_lets_calls_end_and_moves_those_that_it_has_not_seen() -> None:
    gate, arrived = asyncio.Event(), asyncio.Event()

    async def wait(_stream: Any) -> None:
        arrived.set()
        await gate.wait()

    async with replicas(1) as (replica,), calling([replica], PATIENT) as caller:
        replica.behave = wait
        seen = asyncio.create_task(caller.call(CHANGE))
        await arrived.wait()
        (old,) = replica.connections
        last = max(old.processor.streams)
        unseen = asyncio.create_task(caller.call(CHANGE))
        await soon(lambda: replica.calls == 2)  # it has, but says that it has not
        replica.go_away(last)
        await soon(lambda: replica.calls == 3)
        assert not seen.done()
        gate.set()
        await asyncio.gather(seen, unseen)
        await soon(old.connection.is_closing)
        assert len(replica.connections) == 1
        assert caller.retries() == {("move", "answered"): 1}


async def test_goaway_over_and_over_costs_no_call() -> None:
    async with replicas(1) as (replica,), calling([replica], PATIENT) as caller:
        for _ in range(20):
            await soon(lambda: caller.standing(replica) == 0)
            calls = [asyncio.create_task(caller.call(CHANGE)) for _ in range(5)]
            await asyncio.sleep(0)
            replica.go_away(2**31 - 1)
            await asyncio.gather(*calls)
        assert replica.calls == 100


async def test_a_connection_that_died_while_idle_is_replaced() -> None:
    async with replicas(1) as (replica,), calling([replica], PATIENT) as caller:
        for _ in range(5):
            await cut_while_idle(caller, replica)
            await caller.call(CHANGE)


async def test_a_connection_that_dies_under_a_call_is_replaced_if_it_may_be_repeated() -> None:
    async with replicas(1) as (replica,), calling([replica], PATIENT) as caller:

        async def cut_once(_stream: Any) -> None:
            if replica.calls == 1:
                replica.cut()
                await asyncio.Event().wait()

        replica.behave = cut_once
        await caller.call(SHOW)
        assert replica.calls == 2
        assert caller.retries() == {("retry", "answered"): 1}
        replica.calls = 0
        assert (await failure_of(caller, CHANGE)).status is Status.UNAVAILABLE
        assert replica.calls == 1


async def test_a_second_chance_is_the_last_one() -> None:
    async with replicas(1) as (replica,), calling([replica], PATIENT) as caller:

        async def cut(_stream: Any) -> None:
            replica.cut()
            await asyncio.Event().wait()

        replica.behave = cut
        assert (await failure_of(caller)).status is Status.UNAVAILABLE
        assert replica.calls == 2


async def test_one_that_accepts_and_says_nothing_is_no_place_to_wait() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    async with replicas(1) as (replica,):
        policy = replace(PATIENT, connect_timeout_s=0.05)
        targets: list[Address | Replica] = [Address(*silent.getsockname()), replica]
        async with calling(targets, policy) as caller:
            for _ in range(20):
                await caller.call(CHANGE)
            replica.health.set(False)
            await soon(lambda: caller.standing(replica) == 2)
            await caller.call(CHANGE)  # the silent one is tried now, and left in time
            assert ("move", "answered") in caller.retries()
    silent.close()


async def test_call_without_a_listener_fails_at_once_and_then_by_the_breaker() -> None:
    gone = Replica()
    await gone.listen()
    await gone.die()
    async with calling([gone.address]) as caller:
        for _ in range(POLICY.breaker_failures):
            assert (await failure_of(caller, CHANGE)).status is Status.UNAVAILABLE
        with pytest.raises(Problem) as refused:
            await caller.call()
    assert refused.value.decision is not None
    assert refused.value.decision.policy == "breaker"
    assert (refused.value.status, refused.value.decision.retry_after_s) == (503, 1)


async def test_an_address_with_an_open_breaker_is_left_out() -> None:
    policy = replace(POLICY, breaker_reset_s=60.0)
    async with replicas(2) as (broken, well), calling([broken, well], policy) as caller:
        broken.behave = refusing(Status.INTERNAL)
        callers = (f"192.0.2.{number}" for number in range(50))
        await asyncio.gather(*(caller.call(client_address=address) for address in callers), return_exceptions=True)
        assert caller.standing(broken) == 3
        before = broken.calls
        for _ in range(50):
            await caller.call()
        assert broken.calls == before
        assert well.calls >= 50


async def test_a_late_call_counts_only_where_it_had_its_time() -> None:
    async def never(_stream: Any) -> None:
        await asyncio.Event().wait()

    async with replicas(1) as (replica,), calling([replica]) as caller:
        replica.behave = never
        late = [caller.call(timeout_s=0.05, client_address=f"192.0.2.{number}") for number in range(20)]
        outcomes = await asyncio.gather(*late, return_exceptions=True)
        assert {outcome.status for outcome in outcomes if isinstance(outcome, CallError)} == {Status.DEADLINE_EXCEEDED}
        assert caller.standing(replica) == 0
        fair = SHOW.policy.deadline_s / 2 + 0.1
        late = [caller.call(timeout_s=fair, client_address=f"192.0.2.{number}") for number in range(5)]
        await asyncio.gather(*late, return_exceptions=True)
        assert caller.standing(replica) == 3


@pytest.mark.parametrize("hangs", [False, True])
async def test_late_calls_of_one_caller_count_only_where_the_address_hangs(hangs: bool) -> None:
    async def never(_stream: Any) -> None:
        await asyncio.Event().wait()

    policy = replace(POLICY, breaker_reset_s=60.0)
    async with replicas(1) as (replica,), calling([replica], policy) as caller:
        replica.behave = never
        late = [asyncio.create_task(caller.call(timeout_s=SHOW.policy.deadline_s)) for _ in range(20)]
        await soon(lambda: replica.calls == 20)
        if hangs:
            replica.hang()
        assert {type(outcome) for outcome in await asyncio.gather(*late, return_exceptions=True)} == {AttemptError}
        if hangs:
            await soon(lambda: caller.standing(replica) == 3)
        else:
            replica.behave = at_once
            await caller.call()
            assert caller.standing(replica) == 0


async def test_the_time_is_over_before_the_call() -> None:
    async with replicas(1) as (replica,), calling([replica]) as caller:
        assert (await failure_of(caller, SHOW, 0.0)).status is Status.DEADLINE_EXCEEDED
        assert replica.calls == 0


async def test_an_attempt_that_failed_leaves_the_task_fit_for_other_timeouts() -> None:
    async with replicas(2) as running, calling(running, PATIENT) as caller:

        async def cut_then_hang(_stream: Any) -> None:
            if sum(replica.calls for replica in running) == 1:
                for replica in running:
                    replica.cut()
            await asyncio.Event().wait()

        for replica in running:
            replica.behave = cut_then_hang
        started = monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await caller.call()
        assert monotonic() - started < SHOW.policy.deadline_s
        assert sum(replica.calls for replica in running) == 2


async def test_an_answer_that_is_none_is_an_error_of_the_service() -> None:
    async def end(stream: Any) -> None:
        await stream._stream.send_headers([(":status", "200"), ("content-type", "application/grpc")])
        await stream._stream.send_headers([("grpc-status", "0")], end_stream=True)
        await asyncio.Event().wait()

    async with replicas(1) as (replica,), calling([replica]) as caller:
        replica.behave = end
        assert (await failure_of(caller)).status is Status.INTERNAL


async def test_a_cancelled_call_leaves_nothing_behind() -> None:
    async def never(_stream: Any) -> None:
        await asyncio.Event().wait()

    async with replicas(1) as (replica,), calling([replica]) as caller:
        replica.behave = never
        calls = [asyncio.create_task(caller.call()) for _ in range(20)]
        await soon(lambda: replica.calls == 20)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        assert all(call.cancelled() for call in calls)
        (connection,) = replica.connections
        await soon(lambda: len(connection.processor.streams) == 1)  # the watch
        active = caller.metrics.points("headrace.gateway.upstream.active_calls")
        assert [value for _, value in active] == [0]
        assert caller.standing(replica) == 0
