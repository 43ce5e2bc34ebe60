"""The client of Redis, and its Lua scripts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from service_kit.redis.client import TimedRedis
from service_kit.redis.failures import describe_redis_failure
from service_kit.redis.pool import RedisPool
from service_kit.redis.version import check_version
from service_kit.stores.pool_telemetry import exported_pool

from user_svc.adapters.driver_errors import redis_errors

#: How long connecting or a command may take. A renewal has a deadline of 1 s.
_TIMEOUT_S = 0.4
#: How long to wait for a free connection.
_POOL_WAIT_S = 0.8
_MAX_CONNECTIONS = 16
#: Written to check that the server accepts writes. The key expires after 1 s.
_CHECK_KEY = "{sessions}:check"


@asynccontextmanager
async def open_client(
    url: str, *, name: str = "user-svc", max_connections: int = _MAX_CONNECTIONS
) -> AsyncIterator[Redis]:
    """Opens a client with a bounded pool, without waiting for the server: readiness checks that.

    A command on a broken connection is retried once, since idle connections are dead after a restart of the server. All
    scripts may be sent twice. A command that timed out is not retried: its caller has no time left.

    Args:
        url: redis://USER:PASSWORD@HOST:PORT/DATABASE.
        name: of the client, as the server and the metrics show it.
        max_connections: of the pool.
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
        with exported_pool(f"{name} redis", pool.counts):
            yield client
    finally:
        await client.aclose()
        await pool.aclose()


def load_script(client: Redis, name: str) -> AsyncScript:
    """Returns the script lua/``name``.lua behind the prelude that all scripts share.

    The first lines of each script document its arguments and result.
    """
    folder = resources.files(__package__).joinpath("lua")
    parts = (folder.joinpath(f"{part}.lua").read_text() for part in ("prelude", name))
    return client.register_script("\n".join(parts))


async def ping(client: Redis) -> None:
    """Returns once Redis answers.

    Raises:
        DependencyUnavailableError: it does not.
    """
    with redis_errors():
        await client.ping()


async def check(client: Redis) -> None:
    """Checks for readiness that Redis answers, accepts writes and has a supported version.

    Raises:
        ConnectionError: it does not; the text says why.
    """
    try:
        await client.set(_CHECK_KEY, "", px=1000)
        await check_version(client)
    except (RedisError, OSError) as exc:
        raise ConnectionError(describe_redis_failure(exc)) from exc
