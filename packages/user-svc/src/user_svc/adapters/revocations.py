"""Announces to every verifier that a signing key was retired: an entry in the stream of revocations in Redis.

A verifier then fetches the key set, which does not have the key any more.

The entries of sessions are written by the scripts that end them, in the same moment (see sessions.py).
"""

from redis.asyncio import Redis
from service_kit.tokens.revocation_stream import STREAM

from user_svc.adapters.driver_errors import redis_errors
from user_svc.adapters.scripts import load_script


class RevocationStream:
    """tokens_live_s: how long an announcement stays in the stream (seconds)."""

    def __init__(self, redis: Redis, tokens_live_s: float) -> None:
        self._live_ms = round(tokens_live_s * 1000)
        self._revoke_key = load_script(redis, "revoke_key")

    async def revoke_key(self, kid: str) -> None:
        """Has every verifier fetch the key set, which lacks the key ``kid`` now. DependencyUnavailableError."""
        with redis_errors():
            await self._revoke_key([STREAM], [kid, self._live_ms])
