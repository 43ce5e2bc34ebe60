"""A consumer group of a Redis stream, as one of its consumers has it.

An entry that was read is in this consumer's hands until it is done with it. Whoever dies leaves it there, and another
one takes it over once nothing was heard for a while.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ResponseError
from service_kit.events import dead_letters_of

#: How long an answer of Redis may take (seconds), and connecting to it; a read also waits for news (ms).
TIMEOUT_S = 1.0
_BLOCK_MS = 250
#: A consumer without an entry that was not heard of for so long is dead.
_DEAD_AFTER_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Entry:
    """entry_id: as the stream has it. deliveries: how often it was handed to somebody, this time included."""

    entry_id: str
    fields: Mapping[bytes, bytes]
    deliveries: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """Entries that nobody has read yet (None: unknown), that are in somebody's hands, and that were given up."""

    unread: int | None
    pending: int
    dead_letters: int


class ConsumerGroup(Protocol):
    """Each method may raise what redis-py does, and TimeoutError."""

    async def join(self) -> None:
        """Have the group be there: one that is new begins with the stream's first entry."""

    async def read(self) -> Entry | None:
        """The next entry that nobody has had, in this consumer's hands; waits a moment for one. None: there is none."""

    async def claim(self) -> Entry | None:
        """An entry whose consumer has not been heard of for a while, in this one's hands now."""

    async def keep(self, entry: Entry) -> None:
        """Say that the entry is being worked on."""

    async def done(self, entry: Entry) -> None:
        """The entry is done with."""

    async def bury(self, entry: Entry, cause: str) -> bool:
        """Put the entry with the dead letters; False: somebody else was done with it before."""

    async def backlog(self) -> Backlog:
        """What is still to be done."""

    async def dismiss_dead(self) -> None:
        """Forget consumers that are gone."""

    async def leave(self) -> None:
        """Forget this consumer, unless an entry is in its hands."""


class RedisConsumerGroup:
    """The port ConsumerGroup on a connection of its own, which does not decode.

    claim_idle_s: how long nothing was heard of an entry's consumer until another one takes the entry over.
    """

    def __init__(self, redis: Redis, stream: str, group: str, consumer: str, claim_idle_s: float) -> None:
        self._redis = redis
        self._stream, self._group, self._consumer = stream, group, consumer
        self._keys = [stream, dead_letters_of(stream, group)]
        self._claim_idle_ms = round(claim_idle_s * 1000)
        self._bury, self._dismiss = load_script(redis, "bury"), load_script(redis, "dismiss")

    async def join(self) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            try:
                await self._redis.xgroup_create(self._stream, self._group, id="0", mkstream=True)
            except ResponseError as exc:
                if not str(exc).startswith("BUSYGROUP"):
                    raise

    async def read(self) -> Entry | None:
        async with asyncio.timeout(TIMEOUT_S + _BLOCK_MS / 1000):
            answer: Any = await self._redis.xreadgroup(
                self._group, self._consumer, {self._stream: ">"}, count=1, block=_BLOCK_MS
            )
        if not answer:
            return None
        ((entry_id, fields),) = answer[0][1]
        return Entry(entry_id.decode(), fields, deliveries=1)

    async def claim(self) -> Entry | None:
        async with asyncio.timeout(TIMEOUT_S):
            idle: Any = await self._redis.xpending_range(
                self._stream, self._group, "-", "+", 1, idle=self._claim_idle_ms
            )
            if not idle:
                return None
            claimed: Any = await self._redis.xclaim(
                self._stream, self._group, self._consumer, self._claim_idle_ms, [idle[0]["message_id"]]
            )
        if not claimed:  # somebody else was faster
            return None
        ((entry_id, fields),) = claimed
        return Entry(entry_id.decode(), fields, idle[0]["times_delivered"] + 1)

    async def keep(self, entry: Entry) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self._redis.xclaim(self._stream, self._group, self._consumer, 0, [entry.entry_id], justid=True)

    async def done(self, entry: Entry) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self._redis.xack(self._stream, self._group, entry.entry_id)

    async def bury(self, entry: Entry, cause: str) -> bool:
        about = ("cause", cause, "deliveries", entry.deliveries)
        async with asyncio.timeout(TIMEOUT_S):
            return bool(await self._bury(self._keys, [self._group, entry.entry_id, *about]))

    async def backlog(self) -> Backlog:
        async with asyncio.timeout(TIMEOUT_S):
            groups: Any = await self._redis.xinfo_groups(self._stream)
            dead_letters = await self._redis.xlen(self._keys[1])
        (mine,) = (group for group in groups if group["name"] == self._group.encode())
        return Backlog(mine.get("lag"), mine["pending"], dead_letters)

    async def dismiss_dead(self) -> None:
        await self._strike_off("")

    async def leave(self) -> None:
        await self._strike_off(self._consumer)

    async def _strike_off(self, name: str) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self._dismiss([self._stream], [self._group, name, _DEAD_AFTER_MS])


def load_script(redis: Redis, name: str) -> AsyncScript:
    """The script lua/``name``.lua; its own first lines say what it takes and gives."""
    return redis.register_script(resources.files(__package__).joinpath("lua", f"{name}.lua").read_text())
