"""Follows the stream of revocations in Redis. Needs the extra `service-kit[redis]`."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from loguru import logger
from redis.asyncio import Redis
from redis.exceptions import RedisError

from service_kit.redis_connection import own_connection
from service_kit.tokens.denylist import Denylist
from service_kit.tokens.revocation_stream import KEY_FIELD, LIFE_FIELD, SESSION_FIELD, STREAM
from service_kit.tokens.revocation_telemetry import RevocationTelemetry

#: A read waits so long for news, and an answer may take so long: a connection that is dead without saying so is
#: noticed and replaced within a second.
_BLOCK_MS = 250
_TIMEOUT_S = 0.75
#: Between a connection that failed and the next one: an outage costs ten attempts a second.
_RETRY_S = 0.1
#: Entries in one answer.
_PAGE = 1000
_BEGINNING = "0-0"


class RevocationFeed:
    """Keeps ``denylist`` up to date with the stream of the Redis at ``url``.

    While Redis is away nothing new is known and tokens keep being accepted: the alternative would be to refuse
    everybody, and a token's life bounds what that costs. What was denied stays denied. When Redis is back, the reading
    goes on after the last entry that was read; or from the beginning where that entry is gone, because then the store
    may have lost its data or its clock may have gone back, and new entries may have ids before it. To read an entry
    twice does no harm.

    on_key: called when a signing key was revoked, since another signs in its place. It must not wait.
    """

    def __init__(
        self, url: str, denylist: Denylist, telemetry: RevocationTelemetry, on_key: Callable[[], None] | None = None
    ) -> None:
        self._on_key = on_key
        self._url = url
        self._denylist = denylist
        self._telemetry = telemetry
        self._last = _BEGINNING
        self._began_s = time.monotonic()
        #: The server's clock (Unix) minus ours (monotonic), in seconds.
        self._offset_s = 0.0
        self._settled = asyncio.Event()

    async def settled(self) -> None:
        """Return once all that was revoked before is known, or Redis is known to be away: 1 to 2 s at most."""
        await self._settled.wait()

    async def follow(self) -> None:
        """Follow for ever, whatever happens to Redis."""
        try:
            while True:
                try:
                    await self._follow()
                except (RedisError, OSError) as exc:
                    self._telemetry.disconnected(exc)
                self._settled.set()
                await asyncio.sleep(_RETRY_S)
        finally:
            self._settled.set()  # nobody waits for what will not come

    async def _follow(self) -> None:
        async with own_connection(self._url, "revocations", connect_timeout_s=_TIMEOUT_S) as redis:
            await self._compare_clocks(redis)
            await self._check_position(redis, self._last)
            while await self._read(redis, None) == _PAGE:
                pass
            self._telemetry.connected()
            self._settled.set()
            while True:
                position = self._last
                await self._read(redis, _BLOCK_MS)
                await self._check_position(redis, position)

    async def _compare_clocks(self, redis: Redis) -> None:
        asked_s = time.monotonic()
        async with asyncio.timeout(_TIMEOUT_S):
            seconds, microseconds = await redis.time()
        answered_s = time.monotonic()
        self._offset_s = seconds + microseconds / 1e6 - (asked_s + answered_s) / 2

    async def _check_position(self, redis: Redis, position: str) -> None:
        """Start over unless the entry that was read from is still there: all that is newer comes after it."""
        if position == _BEGINNING:
            return
        async with asyncio.timeout(_TIMEOUT_S):
            found = await redis.xrange(STREAM, position, position, count=1)
        if not found:
            self._last = _BEGINNING

    async def _read(self, redis: Redis, block_ms: int | None) -> int:
        """Read what comes after the last entry, waiting for it at most so long. How many entries there were."""
        async with asyncio.timeout(_TIMEOUT_S):
            answer: Any = await redis.xread({STREAM: self._last}, count=_PAGE, block=block_ms)
        entries = answer[0][1] if answer else []
        for entry_id, fields in entries:
            self._deny(entry_id, fields)
            self._last = entry_id
        return len(entries)

    def _deny(self, entry_id: str, fields: Mapping[str, str]) -> None:
        try:
            added_s = int(entry_id.partition("-")[0]) / 1000 - self._offset_s
            # For as long as if it were new: where it is not, it is kept for a while that it could have been spared.
            for_s = int(fields[LIFE_FIELD]) / 1000
            if SESSION_FIELD in fields:
                is_news = self._denylist.deny_session(fields[SESSION_FIELD], for_s)
            else:
                is_news = self._denylist.deny_key(fields[KEY_FIELD], for_s)
                if is_news and self._on_key is not None:
                    self._on_key()
        except (KeyError, ValueError):
            logger.error("the revocation {} cannot be understood: its fields are {}", entry_id, sorted(fields))
            return
        # What was there before this process was says nothing about how fast the feed is.
        if is_news and added_s >= self._began_s:
            self._telemetry.received(max(0.0, time.monotonic() - added_s))
