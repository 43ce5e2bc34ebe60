"""Lets time pass for what Redis remembers of failed logins: it is moved into the past, so that nobody has to wait."""

from typing import Any

from redis.asyncio import Redis


async def age_logins(redis: Redis, seconds: float) -> None:
    """Ages every key of the login throttle. redis: decodes its answers."""
    aged_ms = round(seconds * 1000)
    for key in {key async for key in redis.scan_iter("{logins}:*")}:  # SCAN may tell of a key twice
        left_ms = await redis.pttl(key)
        if left_ms <= aged_ms:
            await redis.delete(key)
            continue
        if await redis.type(key) == "zset":
            rows: list[Any] = await redis.zrange(key, 0, -1, withscores=True)
            for attempt_id, came_at_ms in rows:
                await redis.zadd(key, {attempt_id: came_at_ms - aged_ms})
        await redis.pexpire(key, left_ms - aged_ms)
