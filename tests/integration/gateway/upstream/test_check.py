"""The readiness check of an upstream."""

import pytest
from gateway.upstream.address import Address
from gateway.upstream.resolver import Resolver
from gateway.upstream.upstream import UpstreamUnavailableError

from tests.integration.gateway.upstream.caller import calling
from tests.integration.gateway.upstream.service import replicas, soon


async def test_one_address_that_serves_is_enough() -> None:
    async with replicas(2) as (dying, staying), calling([dying, staying]) as caller:
        await dying.die()
        await soon(lambda: caller.standing(dying) != 0)
        await caller.upstream.check()


async def test_it_names_those_that_take_no_calls() -> None:
    async with replicas(1) as (dying,), calling([dying]) as caller:
        await caller.upstream.check()
        await dying.die()
        await soon(lambda: caller.standing(dying) != 0)
        with pytest.raises(UpstreamUnavailableError, match=f"^{dying.address} is unconnected$"):
            await caller.upstream.check()


async def test_it_says_so_where_no_address_is_known() -> None:
    async def look_up(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    async with calling([], resolver=Resolver([Address("nowhere", 1)], look_up=look_up)) as caller:
        with pytest.raises(UpstreamUnavailableError, match=r"^no address is known$"):
            await caller.upstream.check()
