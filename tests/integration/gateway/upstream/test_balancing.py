"""Several addresses behind one name."""

import asyncio
from typing import Any

import pytest
from gateway.problems import Decision, Problem
from gateway.upstream.address import Address
from gateway.upstream.resolver import Resolver

from tests.integration.gateway.upstream.caller import POLICY, calling
from tests.integration.gateway.upstream.service import CHANGE, Replica, replicas, soon


async def test_all_addresses_get_their_part() -> None:
    async with replicas(3) as running, calling(running) as caller:
        for _ in range(300):
            await caller.call()
        assert sum(replica.calls for replica in running) == 300
        assert min(replica.calls for replica in running) > 50


async def test_who_is_busy_gets_less() -> None:
    gate = asyncio.Event()

    async def wait(_stream: Any) -> None:
        await gate.wait()

    async with replicas(2) as (slow, quick), calling([slow, quick]) as caller:
        slow.behave = wait
        calls = [asyncio.create_task(caller.call()) for _ in range(20)]
        await soon(lambda: slow.calls + quick.calls == 20)
        await soon(lambda: sum(call.done() for call in calls) == quick.calls)
        held = slow.calls
        for _ in range(100):
            await caller.call()
        assert slow.calls == held  # with calls in progress at one of them, the other is always the less loaded
        gate.set()
        await asyncio.gather(*calls)


async def test_a_name_stands_for_all_its_addresses_and_is_asked_again_when_one_fails() -> None:
    is_known = {"first": True, "second": False}

    async def look_up(host: str, _port: int) -> list[str]:
        if not is_known[host]:
            raise OSError("no such name")
        return ["127.0.0.1"]

    # Two names, for two servers cannot have one port.
    async with replicas(2) as (first, second):
        targets = [Address("first", first.address.port), Address("second", second.address.port)]
        async with calling([first], resolver=Resolver(targets, look_up=look_up)) as caller:
            for _ in range(20):
                await caller.call()
            assert second.calls == 0
            is_known["second"] = True
            await soon(lambda: caller.standing(second) == 0)
            await first.die()
            for _ in range(20):
                await caller.call()
            assert second.calls >= 20


async def test_a_call_in_progress_at_an_address_that_leaves_comes_to_its_end() -> None:
    gate = asyncio.Event()
    hosts = {"a": ["127.0.0.1"], "b": ["127.0.0.1"]}

    async def wait(_stream: Any) -> None:
        await gate.wait()

    async def look_up(host: str, _port: int) -> list[str]:
        return hosts[host]

    async with replicas(2) as (leaving, staying):
        targets = [Address("a", leaving.address.port), Address("b", staying.address.port)]
        resolver = Resolver(targets, look_up=look_up)
        async with calling([leaving, staying], resolver=resolver) as caller:
            leaving.behave = staying.behave = wait
            calls = [asyncio.create_task(caller.call(CHANGE)) for _ in range(10)]
            await soon(lambda: leaving.calls + staying.calls == 10)
            assert leaving.calls
            hosts["a"] = ["127.0.0.2"]
            caller.upstream._pool.resolve_soon()
            await soon(lambda: caller.standing(leaving) is None)
            before = leaving.calls
            gate.set()
            await asyncio.gather(*calls)
            await soon(lambda: not leaving.connections)
            for _ in range(10):
                await caller.call()
            assert leaving.calls == before


async def test_calls_beyond_the_limit_of_a_connection_do_not_wait() -> None:
    gate = asyncio.Event()

    async def wait(_stream: Any) -> None:
        await gate.wait()

    async with replicas(1) as (replica,), calling([replica]) as caller:
        replica.behave = wait
        calls = [asyncio.create_task(caller.call()) for _ in range(250)]
        await soon(lambda: replica.calls == 250)
        assert len(replica.connections) == 3
        gate.set()
        await asyncio.gather(*calls)
        await caller.call()


async def test_where_nothing_is_known_nothing_is_called() -> None:
    async def look_up(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    async with calling([], resolver=Resolver([Address("nowhere", 1)], look_up=look_up)) as caller:
        with pytest.raises(Problem) as refused:
            await caller.call()
    assert (refused.value.status, refused.value.code) == (503, "UPSTREAM_UNAVAILABLE")
    assert refused.value.decision == Decision("upstream", "unresolved", retry_after_s=1)


async def test_an_address_without_health_service_is_used_all_the_same() -> None:
    async with replicas(2, with_health=False) as running, calling(running, POLICY) as caller:
        for _ in range(50):
            await caller.call()
        assert all(replica.calls for replica in running)


@pytest.mark.parametrize("with_health", [True, False])
async def test_who_goes_away_is_used_again_when_it_is_back(with_health: bool) -> None:
    async with replicas(2, with_health=with_health) as (going, staying), calling([going, staying]) as caller:
        await going.die()
        for _ in range(20):
            await caller.call()
        again = Replica(with_health=with_health)
        await again.listen(going.address.port)
        await soon(lambda: caller.standing(again) == 0)
        for _ in range(20):
            await caller.call()
        assert again.calls
        await again.die()


async def test_who_is_unreachable_at_first_is_found_when_it_comes() -> None:
    async with replicas(1) as (present,):
        late = Replica()
        await late.listen()
        port = late.address.port
        await late.die()
        async with calling([present, late.address]) as caller:
            for _ in range(20):
                await caller.call(CHANGE)
            again = Replica()
            await again.listen(port)
            await soon(lambda: caller.standing(again) == 0)
            for _ in range(20):
                await caller.call()
            assert again.calls
            await again.die()
