"""A gateway whose idle connections to order-svc have died answers all requests."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import pytest

from tests.conftest import StartStack
from tests.faults.people import ORDER
from tests.faults.stand_ins import gateway_before
from tests.running.secret_hooks import note_exchange
from tests.running.stacks import Stack
from tests.running.tcp_proxy import TcpProxy, tcp_proxy

pytestmark = pytest.mark.local_platform

ACCOUNT = {"email": "idle@example.com", "name": "Idle", "password": "a-short-walk-in-the-snow"}
AT_ONCE = 10


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> Stack:
    return start_stack({})


async def finish(proxy: TcpProxy) -> None:
    await proxy.drop(reset=False)


async def reset(proxy: TcpProxy) -> None:
    await proxy.drop(reset=True)


async def reset_without_delay(proxy: TcpProxy) -> None:
    proxy.reset_now()


async def lose(proxy: TcpProxy) -> None:
    """Drops idle connections silently, as a firewall does, some time before the next request."""
    proxy.hang()
    await asyncio.sleep(2)  # no event reports that the gateway, another process, has missed the responses to its pings


Kill = Callable[[TcpProxy], Awaitable[None]]


async def test_every_request_is_answered_after_idle_upstream_connections_have_died(stack: Stack) -> None:
    target = stack.grpc_target("order-svc")
    async with (
        tcp_proxy(int(target.rpartition(":")[2])) as proxy,
        gateway_before(stack, [proxy]) as gateway,
        httpx2.AsyncClient(base_url=gateway.url, timeout=15) as client,
    ):
        token = note_exchange(await client.post("/api/users/reg", json=ACCOUNT)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        kills: list[Kill] = [finish, reset, reset_without_delay, lose]
        for kill in kills:
            await asyncio.gather(*(client.get("/api/v1/orders") for _ in range(AT_ONCE)))
            await kill(proxy)
            asked = [client.post("/api/v1/orders", json=ORDER) for _ in range(AT_ONCE)]
            asked += [client.get("/api/v1/orders") for _ in range(AT_ONCE)]
            statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
            assert statuses == [201] * AT_ONCE + [200] * AT_ONCE, kill.__name__
