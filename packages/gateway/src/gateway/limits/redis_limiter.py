"""The rate limiter that all gateways share, in Redis."""

import asyncio
from hashlib import sha1
from importlib.resources import files

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from gateway.limits.concurrency_limit import ConcurrencyLimit
from gateway.limits.limiter import Admission, LimiterUnavailable
from gateway.limits.quota import Quota

_SCRIPT = files("gateway.limits").joinpath("gcra.lua").read_text(encoding="utf-8")
# The store works on one script at a time (some 20 µs each): more connections would only queue there.
_CONNECTIONS = 32
_MAX_WAITING = 4096
_SCRIPT_ID = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


def limiter_client(url: str, timeout_s: float = 0.1) -> Redis:
    """A client fit for the limiter: it gives up within ``timeout_s`` and never sends a command twice.

    A retried EVALSHA whose first answer was lost would count one request twice.
    """
    return Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        max_connections=_CONNECTIONS,
        # Its handshake is the shortest, and a count needs no more.
        protocol=2,
    )


class RedisLimiter:
    """GCRA as one atomic script per request.

    client: as `limiter_client` makes it; closed by its owner.
    timeout_s: what one decision may cost in all, connecting included, in seconds.
    """

    def __init__(self, client: Redis, timeout_s: float = 0.1) -> None:
        self._client = client
        self._timeout_s = timeout_s
        # A pool that has run out raises; requests of a burst wait for each other here instead.
        self._places = ConcurrencyLimit(client.connection_pool.max_connections, _MAX_WAITING, timeout_s)

    async def admit(self, key: str, quota: Quota) -> Admission:
        """Take one request out of the quota. LimiterUnavailable: Redis did not answer in time, or not sensibly."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._in_turn(key, str(quota.interval_us), str(quota.burst_us))
        except (RedisError, OSError, TimeoutError) as exc:
            raise LimiterUnavailable(type(exc).__name__) from exc
        allowed, remaining, retry_after_ms, reset_after_ms = answer
        return Admission(bool(allowed), remaining, retry_after_ms / 1000, reset_after_ms / 1000)

    async def _in_turn(self, *arguments: str) -> list[int]:
        if not await self._places.acquire():
            raise TimeoutError
        try:
            return await self._run(*arguments)
        finally:
            self._places.release()

    async def _run(self, *arguments: str) -> list[int]:
        try:
            answer: list[int] = await self._client.evalsha(_SCRIPT_ID, 1, *arguments)
        except NoScriptError:
            # A fresh or restarted store: EVAL runs the script and keeps it.
            answer = await self._client.eval(_SCRIPT, 1, *arguments)
        return answer
