"""From names to addresses, and which addresses stay when a look-up fails."""

import asyncio

from gateway.upstream.address import Address
from gateway.upstream.look_up import look_up
from gateway.upstream.resolver import Resolver
from loguru import logger


class Names:
    """A name service that can be changed, fail, and hang. asked: how often."""

    def __init__(self, **hosts: list[str] | None) -> None:
        self.hosts = hosts
        self.asked = 0
        self.answering = asyncio.Event()
        self.answering.set()

    async def look_up(self, host: str, _port: int) -> list[str]:
        self.asked += 1
        await self.answering.wait()
        found = self.hosts[host]
        if found is None:
            raise OSError("no such name")
        return found


async def test_a_number_stands_for_itself_and_is_never_asked_for() -> None:
    names = Names()
    resolver = Resolver([Address("192.0.2.1", 1), Address("::1", 2)], look_up=names.look_up)
    assert not resolver.has_names
    assert resolver.addresses == [Address("192.0.2.1", 1), Address("::1", 2)]
    assert await resolver.resolve()
    assert names.asked == 0


async def test_a_name_stands_for_all_that_it_resolves_to_each_once() -> None:
    names = Names(a=["192.0.2.2", "192.0.2.1", "192.0.2.2"], b=["192.0.2.1"])
    targets = [Address("a", 1), Address("b", 1), Address("192.0.2.2", 1)]
    resolver = Resolver(targets, look_up=names.look_up)
    assert resolver.has_names
    assert await resolver.resolve()
    assert sorted(resolver.addresses) == [Address("192.0.2.1", 1), Address("192.0.2.2", 1)]
    names.hosts["b"] = ["192.0.2.9"]
    await resolver.resolve()
    assert Address("192.0.2.9", 1) in resolver.addresses


async def test_what_cannot_be_resolved_keeps_what_it_had_and_says_so_once() -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}")
    names = Names(a=["192.0.2.1"], b=["192.0.2.2"])
    resolver = Resolver([Address("a", 1), Address("b", 1)], look_up=names.look_up)
    await resolver.resolve()
    nothing: list[str] | None
    for nothing in (None, [], None):
        names.hosts["a"], names.hosts["b"] = nothing, ["192.0.2.3"]
        assert not await resolver.resolve()
        assert resolver.addresses == [Address("192.0.2.1", 1), Address("192.0.2.3", 1)]
    names.hosts["a"] = ["192.0.2.1"]
    assert await resolver.resolve()
    logger.remove(sink)
    assert [line.split()[0] for line in lines] == ["WARNING", "INFO"]


async def test_a_name_service_that_hangs_is_not_asked_twice_and_its_late_answer_counts() -> None:
    names = Names(a=["192.0.2.1"])
    names.answering.clear()
    resolver = Resolver([Address("a", 1)], look_up=names.look_up, timeout_s=0.01)
    assert not await resolver.resolve()
    assert not await resolver.resolve()
    assert (names.asked, resolver.addresses) == (1, [])
    names.answering.set()
    assert await resolver.resolve()
    assert (names.asked, resolver.addresses) == (1, [Address("192.0.2.1", 1)])


async def test_hanging_look_up_ends_with_the_resolver() -> None:
    names = Names(a=["192.0.2.1"])
    names.answering.clear()
    resolver = Resolver([Address("a", 1)], look_up=names.look_up, timeout_s=0.01)
    await resolver.resolve()
    resolver.close()


async def test_the_system_is_asked_beside_the_loop() -> None:
    assert "127.0.0.1" in await look_up("localhost", 80)
    try:
        await look_up("no-such-host.invalid", 80)
    except OSError:
        return
    raise AssertionError("a name that cannot exist was found")
