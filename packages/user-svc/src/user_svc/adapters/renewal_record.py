"""Which sessions' renewals are on record, in Redis: a key each that lives until the next one is due."""

from redis.asyncio import Redis

from user_svc.adapters.driver_errors import redis_errors
from user_svc.domain.audit import RECORDED_EVERY_S


class RedisRenewalRecord:
    """The port RenewalRecord. One command, so that of renewals at the same moment one is due."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def is_due(self, session_id: str) -> bool:
        with redis_errors():
            # The tag keeps it in the hash slot of the sessions, beside which it is allowed to be.
            key = f"{{sessions}}:renewal-recorded:{session_id}"
            return bool(await self._redis.set(key, "1", nx=True, px=RECORDED_EVERY_S * 1000))
