"""The stream of revocations."""

from typing import Any

from redis.asyncio import Redis
from service_kit.tokens.revocation_stream import SESSION_FIELD, STREAM


async def revocation_entries(redis: Redis) -> list[dict[str, str]]:
    """Returns the fields of every entry, oldest first; the client must decode responses."""
    entries: Any = await redis.xrange(STREAM)
    return [fields for _, fields in entries]


async def revoked_sessions(redis: Redis) -> list[str]:
    """Returns the session ids in these entries."""
    return [entry[SESSION_FIELD] for entry in await revocation_entries(redis) if SESSION_FIELD in entry]
