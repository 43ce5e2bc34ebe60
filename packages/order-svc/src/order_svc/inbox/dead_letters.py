"""The dead letters of a consumer group: entries that the inbox gave up, kept for an operator to decide about."""

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
    """An entry that was given up.

    Args:
        letter_id: its id among the dead letters.
        entry_id: its id in the stream.
        buried_at: when it was given up, by the clock of the Redis server.
        cause: why it was given up.
        deliveries: how often it was delivered.
        fields: of the entry; bytes that are not UTF-8 are replaced.
    """

    letter_id: str
    entry_id: str
    buried_at: datetime
    cause: str
    deliveries: int
    fields: dict[str, str]


class Replay(IntEnum):
    """The result of a replay, as lua/replay.lua returns it."""

    DONE = 1
    UNKNOWN = 0
    ENTRY_GONE = -1


class DeadLetters:
    """The dead letters of a group. Each method may raise the errors of redis-py and TimeoutError.

    Args:
        redis: a client that does not decode replies.
        stream: the key of the stream.
        group: the name of the consumer group.
    """

    def __init__(self, redis: Redis, stream: str, group: str) -> None:
        self._redis = redis
        self._group = group
        self._keys = [stream, dead_letters_of(stream, group)]
        self._replay = load_script(redis, "replay")

    async def all(self) -> list[DeadLetter]:
        """Returns all dead letters, oldest first."""
        async with asyncio.timeout(TIMEOUT_S):
            entries: Any = await self._redis.xrange(self._keys[1])
        return [_dead_letter(letter_id.decode(), fields) for letter_id, fields in entries]

    async def replay(self, letter_id: str) -> Replay:
        """Hands the entry to the group again; a running process claims it within seconds."""
        async with asyncio.timeout(TIMEOUT_S):
            return Replay(await self._replay(self._keys, [self._group, letter_id]))

    async def drop(self, letter_id: str) -> bool:
        """Deletes a dead letter, so that its event is never processed.

        Returns:
            False: there is no such dead letter.
        """
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
