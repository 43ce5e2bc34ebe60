"""The events' stream in Redis, as the one who writes it has it.

The id of an entry is `POSITION-0`, its place in the outbox. So the stream's head tells which of the table it has, after
whatever loss or crash, and nothing stands in it twice.
"""

import asyncio
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Protocol

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from service_kit.events import dead_letters_of

from user_svc.adapters.outbox.table import Placed

#: How long an answer of Redis may take (seconds), and connecting to it.
TIMEOUT_S = 1.0


class EventStream(Protocol):
    """Where events go. Raises what redis-py does."""

    async def head(self) -> int:
        """The position of the last event that was appended, trimmed or not; 0 if there was none, or it is lost."""

    async def append(self, head: int, events: Sequence[Placed]) -> int:
        """Append events, unless the stream's head is not (any more) ``head``; the head it has now."""

    async def trim(self, until: int) -> int:
        """Drop events up to position ``until``, less what some group has yet to read; the last one that is dropped."""


class RedisEventStream:
    """The port EventStream on a connection of its own. TimeoutError: no answer within TIMEOUT_S."""

    def __init__(self, redis: Redis, stream: str) -> None:
        self._stream = stream
        self._append, self._trim = _script(redis, "append"), _script(redis, "trim")

    async def head(self) -> int:
        return await self.append(-1, [])

    async def append(self, head: int, events: Sequence[Placed]) -> int:
        async with asyncio.timeout(TIMEOUT_S):
            return int(await self._append([self._stream], [head, *_arguments(events)]))

    async def trim(self, until: int) -> int:
        async with asyncio.timeout(TIMEOUT_S):
            return int(await self._trim([self._stream], [until, dead_letters_of(self._stream, "")]))


def _script(redis: Redis, name: str) -> AsyncScript:
    return redis.register_script(resources.files(__package__).joinpath("lua", f"{name}.lua").read_text())


def _arguments(events: Sequence[Placed]) -> Iterator[int | bytes]:
    entries = [(placed.position, placed.event.to_fields()) for placed in events]
    yield len(entries[0][1]) if entries else 0
    for position, entry in entries:
        yield position
        for name, value in entry.items():
            yield name
            yield value
