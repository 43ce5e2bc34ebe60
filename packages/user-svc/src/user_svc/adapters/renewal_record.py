"""Limits the recorded renewals of a session, in Redis: a key per session, which expires when the next one is due."""

from redis.asyncio import Redis

from user_svc.adapters.driver_errors import redis_errors
from user_svc.domain.audit import RENEWAL_RECORD_INTERVAL_S


class RedisRenewalRecord:
    """The port RenewalRecord. A single command, so that only one of several concurrent renewals is due."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def is_due(self, session_id: str) -> bool:
        with redis_errors():
            # With the hash tag of the sessions: the service's Redis user has access to these keys.
            key = f"{{sessions}}:renewal-recorded:{session_id}"
            return bool(await self._redis.set(key, "1", nx=True, px=RENEWAL_RECORD_INTERVAL_S * 1000))
