"""Fills the Redis of a platform to its maxmemory, and frees it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from tests.running.stacks import Stack

#: Written until the server refuses more.
_FILLED_BYTES = 4 * 1024 * 1024
_VALUE_BYTES = 64 * 1024
#: Buffers of connections count as memory too, and vary. The limit is set so far below the used memory that no write
#: succeeds when a connection is closed.
_BELOW_BYTES = 1024 * 1024
_KEY = "drill:full"


@asynccontextmanager
async def full_redis(stack: Stack) -> AsyncIterator[None]:
    """Makes the platform's Redis refuse every write that needs memory, within the context."""
    async with Redis.from_url((stack.data_dir / "secrets" / "redis-url").read_text()) as admin:
        limit = str((await admin.config_get("maxmemory"))["maxmemory"])
        try:
            await admin.config_set("maxmemory", await _used_bytes(admin) + _FILLED_BYTES)
            await _fill(admin)
            await admin.config_set("maxmemory", await _used_bytes(admin) - _BELOW_BYTES)
            yield
        finally:
            await admin.delete(_KEY)
            await admin.config_set("maxmemory", limit)


async def _used_bytes(admin: Redis) -> int:
    used: int = (await admin.info("memory"))["used_memory"]
    return used


async def _fill(admin: Redis) -> None:
    """Writes until the server refuses.

    Raises:
        AssertionError: the server has accepted twice the free memory.
    """
    value = b"\0" * _VALUE_BYTES
    for _ in range(2 * _FILLED_BYTES // _VALUE_BYTES):
        try:
            await admin.rpush(_KEY, value)
        except OutOfMemoryError:
            return
    raise AssertionError("Redis has a maxmemory, and took more")
