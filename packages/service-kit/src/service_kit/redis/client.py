"""Redis clients whose commands are timed. Needs the extra `service-kit[redis]`."""

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

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
