"""Tells every gateway that a signing key is revoked: an entry in the stream of revocations in Redis.

The entries of sessions are written by the scripts that end them, in the same moment (see sessions.py).
"""

from redis.asyncio import Redis
from service_kit.tokens.revocation_stream import STREAM

from user_svc.adapters.driver_errors import redis_errors
from user_svc.adapters.scripts import load_script


class RevocationStream:
    """tokens_live_s: how long a token may still be accepted after what it stands on was revoked (seconds)."""

    def __init__(self, redis: Redis, tokens_live_s: float) -> None:
        self._live_ms = round(tokens_live_s * 1000)
        self._revoke_key = load_script(redis, "revoke_key")

    async def revoke_key(self, kid: str) -> None:
        """Has every token that the key ``kid`` signed refused, within a second. DependencyUnavailableError."""
        with redis_errors():
            await self._revoke_key([STREAM], [kid, self._live_ms])
