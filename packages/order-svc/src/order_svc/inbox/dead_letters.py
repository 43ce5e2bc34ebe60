"""What a consumer group has given up, for an operator to look at and to decide about."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from redis.asyncio import Redis
from service_kit.events import dead_letters_of

from order_svc.inbox.group import TIMEOUT_S, load_script


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """letter_id: names it here. entry_id: its place in the stream. fields: the entry's, as far as they are text.

    buried_at: by the clock of the Redis server.
    """

    letter_id: str
    entry_id: str
    buried_at: datetime
    cause: str
    deliveries: int
    fields: dict[str, str]


class Replay(IntEnum):
    """What came of a replay: as lua/replay.lua returns it."""

    DONE = 1
    UNKNOWN = 0
    ENTRY_GONE = -1


class DeadLetters:
    """Those of a group. redis: does not decode. Each method may raise what redis-py does, and TimeoutError."""

    def __init__(self, redis: Redis, stream: str, group: str) -> None:
        self._redis = redis
        self._group = group
        self._keys = [stream, dead_letters_of(stream, group)]
        self._replay = load_script(redis, "replay")

    async def all(self) -> list[DeadLetter]:
        """Oldest first."""
        async with asyncio.timeout(TIMEOUT_S):
            entries: Any = await self._redis.xrange(self._keys[1])
        return [_dead_letter(letter_id.decode(), fields) for letter_id, fields in entries]

    async def replay(self, letter_id: str) -> Replay:
        """Hand the entry to the group again; a running process takes it within seconds."""
        async with asyncio.timeout(TIMEOUT_S):
            return Replay(await self._replay(self._keys, [self._group, letter_id]))

    async def drop(self, letter_id: str) -> bool:
        """Forget the dead letter; nobody will ever process it. False: there is no such dead letter."""
        async with asyncio.timeout(TIMEOUT_S):
            return bool(await self._redis.xdel(self._keys[1], letter_id))


def _dead_letter(letter_id: str, fields: dict[bytes, bytes]) -> DeadLetter:
    texts = {name.decode(errors="replace"): value.decode(errors="replace") for name, value in fields.items()}
    return DeadLetter(
        letter_id=letter_id,
        entry_id=texts.pop("entry_id", ""),
        buried_at=datetime.fromtimestamp(int(letter_id.partition("-")[0]) / 1000, UTC),
        cause=texts.pop("cause", ""),
        deliveries=int(texts.pop("deliveries", "0")),
        fields=texts,
    )
