"""Follows revocations of sessions: asks the issuer, as soon as Redis announces one.

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

#: The longest wait of a blocking read, and of an answer: a connection that died silently is replaced within a second.
_BLOCK_MS = 250
_TIMEOUT_S = 0.75
#: Between a failed connection and the next one: an outage costs ten attempts a second.
_RETRY_S = 0.1
#: Entries in one answer.
_PAGE = 1000
_BEGINNING = "0-0"
#: How often the issuer is asked without an announcement; a lost one is made up for within this time.
_ASK_EVERY_S = 10.0
#: The least time between two questions: forged entries must not become a flood of questions.
_ASK_AT_MOST_EVERY_S = 0.05
#: How long a start waits for an issuer that does not answer.
_SETTLE_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Revoked:
    """A session that ended ``age_s`` ago, and whose tokens are to be refused for ``for_s`` (both in seconds)."""

    session_id: str
    age_s: float
    for_s: float


@dataclass(frozen=True, slots=True)
class RevocationPage:
    """A page of the issuer's answer. until: where the next page begins, opaque. more: whether there is a next page."""

    revoked: Sequence[Revoked]
    until: Any
    more: bool


#: Asks the issuer for revocations from a position on, from the beginning for None. It may raise anything.
Ask = Callable[[Any | None], Awaitable[RevocationPage]]


class RevocationFeed:
    """Keeps ``denylist`` up to date with the issuer.

    The stream of the Redis at ``url`` only says when to ask: anything that can write to Redis can write an entry, and a
    Redis that has lost its data has lost its entries. While the issuer or Redis is unreachable, tokens are still
    accepted: the alternative is to refuse all, and a token's lifetime bounds the damage. Denied sessions stay denied.

    ask: asks the issuer. on_key: called when a change of the signing keys is announced; it must not block.
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
        """Returns once all earlier revocations are known, or cannot be known now: after 3 s at most."""
        await self._settled.wait()

    async def follow(self) -> None:
        """Follows for ever, through outages of Redis and of the issuer."""
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
            self._settled.set()  # no caller of `settled` may wait for ever

    async def _follow(self) -> None:
        async with own_connection(self._url, "revocations", connect_timeout_s=_TIMEOUT_S) as redis:
            await self._check_position(redis, self._last)
            while await self._read(redis, None) == _PAGE:
                pass
            # Announcements before this connection may not have been read, so the issuer is asked.
            self._wanted = True
            while True:
                if await self._learn():
                    self._telemetry.connected()
                self._settled.set()
                position = self._last
                await self._read(redis, _BLOCK_MS)
                await self._check_position(redis, position)

    async def _learn_at_start(self) -> None:
        """Asks for earlier revocations, repeatedly until it succeeds or a start should not wait longer."""
        for _ in range(round(_SETTLE_WITHIN_S / _RETRY_S)):
            if await self._learn() or time.monotonic() - self._began_s >= _SETTLE_WITHIN_S:
                return
            await asyncio.sleep(_RETRY_S)

    async def _learn(self) -> bool:
        """Asks the issuer if a revocation was announced, the interval is over, or the last question failed.

        Returns whether all announced revocations are known.
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
        except Exception as exc:  # the question crosses the network and may raise anything; it is repeated
            self._wanted = True
            self._telemetry.disconnected(exc)
            return False
        return True

    def _deny(self, revoked: Revoked) -> None:
        is_news = self._denylist.deny_session(revoked.session_id, revoked.for_s)
        # Revocations from before the start of this process say nothing about the feed's lag.
        if is_news and time.monotonic() - revoked.age_s >= self._began_s:
            self._telemetry.received(revoked.age_s)

    async def _check_position(self, redis: Redis, position: str) -> None:
        """Starts over from the beginning if the entry of the current position is gone, so that none is missed."""
        if position == _BEGINNING:
            return
        async with asyncio.timeout(_TIMEOUT_S):
            found = await redis.xrange(STREAM, position, position, count=1)
        if not found:
            self._last = _BEGINNING

    async def _read(self, redis: Redis, block_ms: int | None) -> int:
        """Reads the entries after the last one, waiting for them for ``block_ms`` at most; returns their number."""
        async with asyncio.timeout(_TIMEOUT_S):
            answer: Any = await redis.xread({STREAM: self._last}, count=_PAGE, block=block_ms)
        entries = answer[0][1] if answer else []
        if entries:
            self._last = entries[-1][0]
            self._wanted = True
            if self._on_key is not None and any(KEY_FIELD in fields for _, fields in entries):
                self._on_key()
        return len(entries)
