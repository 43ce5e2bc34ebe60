"""Redis clients whose commands are timed. Needs the extra `service-kit[redis]`."""

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from service_kit.stores.operation import StoreOperation

_SYSTEM = "redis"
#: Blocking commands: their duration says nothing about Redis.
_WAIT = frozenset({"XREAD", "XREADGROUP"})


class TimedRedis(Redis):
    """Times each command under its name, including the wait for a connection; a pipeline counts as one command."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        name = args[0]
        if name in _WAIT:
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        with StoreOperation(_SYSTEM, name):
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return _TimedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class _TimedPipeline(Pipeline):
    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        with StoreOperation(_SYSTEM, "MULTI" if self.is_transaction else "PIPELINE"):
            return await super().execute(raise_on_error)


def own_connection(url: str, name: str, *, connect_timeout_s: float, decode: bool = True) -> Redis:
    """Returns a client with one connection, which the server lists as ``name``.

    It does not retry: its user does, and logs it. It has no socket timeout: redis-py implements that by
    `asyncio.wait_for`, which on Python 3.11 can lose a cancellation, and then the process would not stop. The user puts
    `asyncio.timeout` around each command, and discards the client after any failure, because a late reply may follow.

    Args:
        url: The address of the server.
        name: The client name.
        connect_timeout_s: The longest time for opening the connection.
        decode: Whether replies are decoded as UTF-8.
    """
    return TimedRedis.from_url(
        url,
        max_connections=1,
        socket_timeout=None,
        socket_connect_timeout=connect_timeout_s,
        retry=Retry(NoBackoff(), 0),
        decode_responses=decode,
        client_name=name,
        protocol=2,
    )
