"""The client of Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from service_kit.redis.client import TimedRedis
from service_kit.redis.failures import describe_redis_failure
from service_kit.redis.pool import RedisPool
from service_kit.redis.version import check_version
from service_kit.stores.pool_telemetry import shown_pool

from user_svc.adapters.driver_errors import redis_errors

#: How long connecting or a command may take, and the wait for a free connection: renewals have a second in all.
_TIMEOUT_S = 0.4
_POOL_WAIT_S = 0.8
_MAX_CONNECTIONS = 16
#: A server may answer and refuse to write. The key goes by itself.
_CHECK_KEY = "{sessions}:check"


@asynccontextmanager
async def open_client(
    url: str, *, name: str = "user-svc", max_connections: int = _MAX_CONNECTIONS
) -> AsyncIterator[Redis]:
    """A client with a bounded pool, which the server and the metrics know as ``name``.

    It does not wait for the server: readiness tells whether that is there.
    A broken connection is tried again once: after a restart of the server, those that lay idle are dead. Every
    script of ours may be sent twice. A time-out is not: whoever waits has no time left.
    """
    pool = RedisPool.from_url(
        url,
        max_connections=max_connections,
        wait_s=_POOL_WAIT_S,
        timeout_s=_TIMEOUT_S,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        decode_responses=True,
        client_name=name.replace(" ", "-"),
    )
    client = TimedRedis(connection_pool=pool)
    try:
        with shown_pool(f"{name} redis", pool.counts):
            yield client
    finally:
        await client.aclose()
        await pool.aclose()


async def ping(client: Redis) -> None:
    """Return once Redis answers. DependencyUnavailableError: it does not."""
    with redis_errors():
        await client.ping()


async def check(client: Redis) -> None:
    """For readiness: return once Redis has answered, and written, and is of a version that the platform works with.

    ConnectionError: it does not answer, or refuses; the text says which.
    """
    try:
        await client.set(_CHECK_KEY, "", px=1000)
        await check_version(client)
    except (RedisError, OSError) as exc:
        raise ConnectionError(describe_redis_failure(exc)) from exc
