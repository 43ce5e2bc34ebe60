"""Connections to Redis that died while they were idle are replaced before a command is sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from gateway.limits.quota import Quota
from gateway.limits.redis_limiter import RedisLimiter, limiter_client
from redis.asyncio import Redis
from service_kit.request.context import RequestContext, enter_request
from service_kit.telemetry.trace_context import continue_trace
from user_svc.adapters.redis_client import open_client

from tests.running.polling import in_time
from tests.running.servers import RunningRedis
from tests.running.tcp_proxy import TcpProxy, tcp_proxy

Kill = Callable[[TcpProxy, Redis, int], Awaitable[None]]
#: Longer than a decision or a command may take: a busy machine is no dead connection.
PATIENT_S = 5.0


@pytest.fixture
async def proxy(redis_server: RunningRedis) -> AsyncIterator[TcpProxy]:
    async with tcp_proxy(redis_server.port) as proxy:
        yield proxy


@pytest.fixture
async def admin(redis_server: RunningRedis) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_server.url) as client:
        yield client


async def kill(proxy: TcpProxy, admin: Redis, idle: int) -> None:
    killed: int = await admin.execute_command("CLIENT", "KILL", "SKIPME", "yes")  # type: ignore[no-untyped-call]
    assert killed >= idle


async def finish(proxy: TcpProxy, admin: Redis, idle: int) -> None:
    await proxy.drop(reset=False)


async def reset(proxy: TcpProxy, admin: Redis, idle: int) -> None:
    await proxy.drop(reset=True)


async def lose(proxy: TcpProxy, admin: Redis, idle: int) -> None:
    """Drops the connections as a firewall drops idle ones: neither side is notified."""
    proxy.hang()
    await asyncio.sleep(1.1)  # what was used within the last second is not asked for a sign of life


KILLS = [kill, finish, reset, lose]


@pytest.mark.parametrize("how", KILLS)
async def test_ten_dead_connections_fail_no_command(
    how: Kill, proxy: TcpProxy, admin: Redis, redis_server: RunningRedis
) -> None:
    async with open_client(redis_server.url.replace(str(redis_server.port), str(proxy.port))) as client:
        await asyncio.gather(*(client.ping() for _ in range(10)))
        await how(proxy, admin, 1)

        await asyncio.gather(*(client.set("alive", number) for number in range(10)))
        for number in range(10):
            await client.set("alive", number)


@asynccontextmanager
async def limiter(url: str) -> AsyncIterator[RedisLimiter]:
    client = limiter_client(url)
    limiter = RedisLimiter(client, decision_s=PATIENT_S)
    await limiter.check()
    yield limiter
    await client.aclose()


@pytest.mark.parametrize("how", KILLS)
async def test_dead_connection_of_the_limiter_fails_no_decision(
    how: Kill, proxy: TcpProxy, admin: Redis, redis_server: RunningRedis
) -> None:
    async with limiter(redis_server.url.replace(str(redis_server.port), str(proxy.port))) as limited:
        await limited.admit("rl:dead", Quota(1000, 60))
        await how(proxy, admin, 1)

        for _ in range(10):
            assert (await limited.admit("rl:dead", Quota(1000, 60))).allowed


async def test_connection_that_the_server_timed_out_fails_no_command(redis_server: RunningRedis, admin: Redis) -> None:
    async with open_client(redis_server.url) as client:
        await client.ping()
        await admin.config_set("timeout", 1)
        try:

            async def gone() -> bool | None:
                names = [each["name"] for each in await admin.client_list()]
                return "user-svc" not in names or None

            await in_time(gone, within_s=10)
            await client.set("alive", 1)
        finally:
            await admin.config_set("timeout", 0)


async def test_connection_in_use_is_not_tested(redis_server: RunningRedis, admin: Redis) -> None:
    async with open_client(redis_server.url) as client:
        await client.set("alive", 0)
        before = (await admin.info("commandstats")).get("cmdstat_ping", {"calls": 0})["calls"]
        for number in range(50):
            await client.set("alive", number)
        after = (await admin.info("commandstats")).get("cmdstat_ping", {"calls": 0})["calls"]
    assert after == before


async def test_ping_is_cut_to_the_deadline(proxy: TcpProxy, redis_server: RunningRedis) -> None:
    url = redis_server.url.replace(str(redis_server.port), str(proxy.port))
    async with open_client(url) as client:
        await client.ping()
        proxy.hang()
        proxy.forwards_new = False
        await asyncio.sleep(1.1)

        async def late() -> None:
            loop = asyncio.get_running_loop()
            enter_request(RequestContext("req-1", continue_trace(None), deadline=loop.time() + 0.05))
            await client.ping()

        with pytest.raises(Exception, match=r"(?i)time|deadline|connect"):
            await asyncio.wait_for(asyncio.create_task(late()), PATIENT_S)
