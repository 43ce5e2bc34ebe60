"""Ages the failed logins in Redis, so that tests need not wait."""

from typing import Any

from redis.asyncio import Redis


async def age_logins(redis: Redis, seconds: float) -> None:
    """Moves every key of the login throttle into the past. redis: a client that decodes responses."""
    aged_ms = round(seconds * 1000)
    for key in {key async for key in redis.scan_iter("{logins}:*")}:  # SCAN may return a key twice
        left_ms = await redis.pttl(key)
        if left_ms <= aged_ms:
            await redis.delete(key)
            continue
        if await redis.type(key) == "zset":
            rows: list[Any] = await redis.zrange(key, 0, -1, withscores=True)
            for attempt_id, came_at_ms in rows:
                await redis.zadd(key, {attempt_id: came_at_ms - aged_ms})
        await redis.pexpire(key, left_ms - aged_ms)
