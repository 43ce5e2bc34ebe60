"""A consumer group of a Redis stream, from the point of view of one consumer.

An entry that a consumer has read is pending until the consumer acknowledges it. If the consumer dies, another one
claims the entry once its consumer has been silent for a while.
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

#: Time limit of a command and of connecting to Redis, in seconds; a read also blocks for new entries (ms).
TIMEOUT_S = 1.0
_BLOCK_MS = 250
#: A consumer without pending entries that was silent for this long is dead.
_DEAD_AFTER_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the stream. deliveries: how often it was delivered to a consumer, this time included."""

    entry_id: str
    fields: Mapping[bytes, bytes]
    deliveries: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """The numbers of entries that were not read yet (None: unknown), that are pending, and that were given up."""

    unread: int | None
    pending: int
    dead_letters: int


class ConsumerGroup(Protocol):
    """A consumer of a group. Each method may raise the errors of redis-py and TimeoutError."""

    async def join(self) -> None:
        """Creates the group unless it exists; a new group begins with the first entry of the stream."""

    async def read(self) -> Entry | None:
        """Reads the next entry that no consumer has read; waits briefly for one. None: there is none."""

    async def claim(self) -> Entry | None:
        """Claims a pending entry whose consumer has been silent for a while. None: there is none."""

    async def extend_claim(self, entry: Entry) -> None:
        """Resets the idle time of the entry, so that no other consumer claims it."""

    async def acknowledge(self, entry: Entry) -> None:
        """Acknowledges the entry: it is pending no more."""

    async def bury(self, entry: Entry, cause: str) -> bool:
        """Moves the entry to the dead letters. False: another consumer has acknowledged or moved it before."""

    async def backlog(self) -> Backlog:
        """Returns the numbers of unread, pending and dead entries."""

    async def remove_dead_consumers(self) -> None:
        """Removes consumers that have died from the group."""

    async def leave(self) -> None:
        """Removes this consumer from the group, unless an entry is pending for it."""


class RedisConsumerGroup:
    """Implements the port ConsumerGroup on a connection of its own.

    Args:
        redis: a client that does not decode replies.
        stream: the key of the stream.
        group: the name of the group.
        consumer: the name of this consumer.
        claim_idle_s: how long the consumer of an entry must be silent before this one claims the entry, in seconds.
    """

    def __init__(self, redis: Redis, stream: str, group: str, consumer: str, claim_idle_s: float) -> None:
        self._redis = redis
        self._stream, self._group, self._consumer = stream, group, consumer
        self._keys = [stream, dead_letters_of(stream, group)]
        self._claim_idle_ms = round(claim_idle_s * 1000)
        self._bury = load_script(redis, "bury")
        self._remove_consumers = load_script(redis, "remove_consumers")

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
        if not claimed:  # another consumer claimed it first
            return None
        ((entry_id, fields),) = claimed
        return Entry(entry_id.decode(), fields, idle[0]["times_delivered"] + 1)

    async def extend_claim(self, entry: Entry) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self._redis.xclaim(self._stream, self._group, self._consumer, 0, [entry.entry_id], justid=True)

    async def acknowledge(self, entry: Entry) -> None:
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

    async def remove_dead_consumers(self) -> None:
        await self._remove("")

    async def leave(self) -> None:
        await self._remove(self._consumer)

    async def _remove(self, name: str) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self._remove_consumers([self._stream], [self._group, name, _DEAD_AFTER_MS])


def load_script(redis: Redis, name: str) -> AsyncScript:
    """Returns the script lua/``name``.lua; its first lines describe its arguments and result."""
    return redis.register_script(resources.files(__package__).joinpath("lua", f"{name}.lua").read_text())
