"""The rate limit while a real Redis dies, hangs, loses its data and recovers."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from gateway.limits.degrading_limiter import AppliedDecision, DegradingLimiter
from gateway.limits.local_limiter import LocalLimiter
from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimiterUnavailable
from gateway.limits.redis_limiter import RedisLimiter, limiter_client
from service_kit.contract.policy import Degraded

from tests.running.restartable_redis import restartable_redis
from tests.running.servers import RunningRedis
from tests.running.tcp_proxy import tcp_proxy
from tests.unit.gateway.metrics import RecordedMetrics

QUOTA = Quota(1000, 3600)
SHARE = 0.1
_TRIES = 200


class Limited:
    """One client's requests, and the limiter that they meet."""

    def __init__(self, limiter: DegradingLimiter) -> None:
        self._limiter = limiter
        self._key = f"rl:test:{uuid.uuid4()}"

    async def ask(self, degraded: Degraded = Degraded.LOCAL_SHARE) -> AppliedDecision:
        return await self._limiter.admit(self._key, QUOTA, degraded)

    async def ask_until(self, local: bool) -> AppliedDecision:
        """Ask until the answer is local, or is not."""
        for _ in range(_TRIES):
            applied = await self.ask()
            if applied.is_local is local:
                return applied
            await asyncio.sleep(0.05)
        raise AssertionError(f"the answers are still {'shared' if local else 'local'}")


@asynccontextmanager
async def limited(url: str) -> AsyncIterator[Limited]:
    client = limiter_client(url)
    shared = RedisLimiter(client)
    await shared.warm_up()
    limiter = DegradingLimiter(shared, LocalLimiter(), RecordedMetrics().meter, share=SHARE, retry_s=0.05)
    trying = asyncio.create_task(limiter.keep_trying(shared.check))
    yield Limited(limiter)
    trying.cancel()
    await client.aclose()


async def test_limiter_recovers_when_redis_restarts_with_its_data(tmp_path: Path) -> None:
    with restartable_redis(tmp_path) as redis:
        async with limited(redis.url) as client:
            for _ in range(500):
                await client.ask_until(local=False)
            redis.kill()
            applied = await client.ask_until(local=True)
            assert (applied.quota.limit, applied.decision.remaining) == (100, 99)
            with pytest.raises(RateLimiterUnavailable):
                await client.ask(Degraded.REFUSE)
            redis.start()
            # Nothing of the script was kept by the server that died, and half of the quota is gone.
            assert (await client.ask_until(local=False)).decision.remaining < 510


async def test_limiter_recovers_when_redis_has_lost_the_script(redis_server: RunningRedis) -> None:
    async with limited(redis_server.url) as client:
        forgetful = limiter_client(redis_server.url)
        for _ in range(3):
            await client.ask_until(local=False)
            await forgetful.script_flush()
        assert (await client.ask_until(local=False)).decision.remaining < 999
        await forgetful.aclose()


async def test_limiter_recovers_after_a_network_partition(redis_server: RunningRedis) -> None:
    async with tcp_proxy(redis_server.port) as proxy:
        url = redis_server.url.replace(f":{redis_server.port}", f":{proxy.port}")
        async with limited(url) as client:
            assert not (await client.ask_until(local=False)).is_local
            proxy.forwards_new = False
            proxy.hang()
            assert (await client.ask_until(local=True)).decision.remaining == 99
            proxy.forwards_new = True
            assert (await client.ask_until(local=False)).decision.remaining < 999
