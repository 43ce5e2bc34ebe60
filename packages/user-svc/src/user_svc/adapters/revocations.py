"""Publishes that a signing key was retired, as an entry of the stream of revocations in Redis.

Verifiers then fetch the key set, which no longer contains the key. The entries of sessions are written by the script
that ends them (see sessions.py).
"""

from redis.asyncio import Redis
from service_kit.tokens.revocation_stream import STREAM

from user_svc.adapters.driver_errors import redis_errors
from user_svc.adapters.redis_client import load_script


class RevocationStream:
    """The stream of revocations. tokens_live_s: how long an entry stays in it, in seconds."""

    def __init__(self, redis: Redis, tokens_live_s: float) -> None:
        self._live_ms = round(tokens_live_s * 1000)
        self._revoke_key = load_script(redis, "revoke_key")

    async def revoke_key(self, kid: str) -> None:
        """Publishes that the key ``kid`` was retired.

        Raises:
            DependencyUnavailableError: Redis is unavailable.
        """
        with redis_errors():
            await self._revoke_key([STREAM], [kid, self._live_ms])
