"""Knows which sessions were ended: from their authority, as soon as Redis announces it.

Needs the extra `service-kit[redis]`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from service_kit.redis.client import own_connection
from service_kit.tokens.denylist import Denylist
from service_kit.tokens.revocation_stream import KEY_FIELD, STREAM
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
#: How often the authority is asked without an announcement: one that got lost is made up for within this time.
_ASK_EVERY_S = 10.0
#: At least so long between two questions: entries that were made up must not become a flood of questions.
_ASK_AT_MOST_EVERY_S = 0.05
#: How long a start waits for an authority that does not answer.
_SETTLE_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Revoked:
    """A session that was ended ``age_s`` ago, and whose tokens are to be refused for ``for_s`` (both in seconds)."""

    session_id: str
    age_s: float
    for_s: float


@dataclass(frozen=True, slots=True)
class RevocationPage:
    """An answer of the authority. until: from where to ask on, in its own terms. more: whether there are more."""

    revoked: Sequence[Revoked]
    until: Any
    more: bool


#: Asks the authority for what was revoked from a point on; from the beginning for None. It may raise anything.
Ask = Callable[[Any | None], Awaitable[RevocationPage]]


class RevocationFeed:
    """Keeps ``denylist`` up to date with the authority that ``ask`` asks.

    The stream of the Redis at ``url`` only says when to ask: anything that can write to Redis can write an entry, and a
    Redis that has lost its data has lost its entries. While the authority or Redis is away, tokens keep being accepted:
    the alternative would be to refuse all, and a token's life bounds what that costs. What was denied stays denied.

    on_key: called when the set of signing keys is said to have changed. It must not wait.
    """

    def __init__(
        self,
        url: str,
        denylist: Denylist,
        telemetry: RevocationTelemetry,
        ask: Ask,
        on_key: Callable[[], None] | None = None,
    ) -> None:
        self._url = url
        self._denylist = denylist
        self._telemetry = telemetry
        self._ask = ask
        self._on_key = on_key
        self._last = _BEGINNING
        self._until: Any | None = None
        self._began_s = time.monotonic()
        self._asked_s = float("-inf")
        self._wanted = True
        self._settled = asyncio.Event()

    async def settled(self) -> None:
        """Return once all that was revoked before is known, or cannot be known now: after 3 s at most."""
        await self._settled.wait()

    async def follow(self) -> None:
        """Follow for ever, whatever happens to Redis and to the authority."""
        try:
            await self._learn_at_start()
            while True:
                try:
                    await self._follow()
                except (RedisError, OSError) as exc:
                    self._telemetry.disconnected(exc)
                self._settled.set()
                await self._learn()
                await asyncio.sleep(_RETRY_S)
        finally:
            self._settled.set()  # nobody waits for what will not come

    async def _follow(self) -> None:
        async with own_connection(self._url, "revocations", connect_timeout_s=_TIMEOUT_S) as redis:
            await self._check_position(redis, self._last)
            while await self._read(redis, None) == _PAGE:
                pass
            # Whatever was announced before this connection is asked for: it may not have been read.
            self._wanted = True
            while True:
                if await self._learn():
                    self._telemetry.connected()
                self._settled.set()
                position = self._last
                await self._read(redis, _BLOCK_MS)
                await self._check_position(redis, position)

    async def _learn_at_start(self) -> None:
        """Learn what was revoked before, trying again for a while."""
        for _ in range(round(_SETTLE_WITHIN_S / _RETRY_S)):
            if await self._learn() or time.monotonic() - self._began_s >= _SETTLE_WITHIN_S:
                return
            await asyncio.sleep(_RETRY_S)

    async def _learn(self) -> bool:
        """Ask the authority, if something was announced, it is time to, or the last question failed.

        Whether all that is known to have been announced is known.
        """
        if not self._wanted and time.monotonic() - self._asked_s < _ASK_EVERY_S:
            return True
        await asyncio.sleep(max(0.0, self._asked_s + _ASK_AT_MOST_EVERY_S - time.monotonic()))
        self._asked_s, self._wanted = time.monotonic(), False
        try:
            more = True
            while more:
                page = await self._ask(self._until)
                for revoked in page.revoked:
                    self._deny(revoked)
                self._until, more = page.until, page.more
        except Exception as exc:  # the question crosses the network: whatever went wrong, it is asked again
            self._wanted = True
            self._telemetry.disconnected(exc)
            return False
        return True

    def _deny(self, revoked: Revoked) -> None:
        is_news = self._denylist.deny_session(revoked.session_id, revoked.for_s)
        # What was there before this process was says nothing about how fast the feed is.
        if is_news and time.monotonic() - revoked.age_s >= self._began_s:
            self._telemetry.received(revoked.age_s)

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
        if entries:
            self._last = entries[-1][0]
            self._wanted = True
            if self._on_key is not None and any(KEY_FIELD in fields for _, fields in entries):
                self._on_key()
        return len(entries)
