"""The stream of events in Redis, for its writer.

The id of an entry is `POSITION-0`, its position in the outbox. So the stream's head shows which events it has, after
any loss or crash, and no event is in it twice.
"""

import asyncio
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Protocol

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from service_kit.events import dead_letters_of

from user_svc.adapters.outbox.table import PositionedEvent

#: How long a command may take, and connecting (seconds).
TIMEOUT_S = 1.0


class EventStream(Protocol):
    """The destination of the relay. Every method may raise redis-py's errors."""

    async def head(self) -> int:
        """Returns the position of the last event that was appended, trimmed or not; 0 without one, or after a loss."""

    async def append(self, head: int, events: Sequence[PositionedEvent]) -> int:
        """Appends events if the stream's head is ``head``; returns the head after that."""

    async def trim(self, until: int) -> int:
        """Deletes the events up to position ``until`` that every group has read; returns the last deleted position."""


class RedisEventStream:
    """The port EventStream, on a dedicated connection. TimeoutError: no response within TIMEOUT_S."""

    def __init__(self, redis: Redis, stream: str) -> None:
        self._stream = stream
        self._append, self._trim = _script(redis, "append"), _script(redis, "trim")

    async def head(self) -> int:
        return await self.append(-1, [])

    async def append(self, head: int, events: Sequence[PositionedEvent]) -> int:
        async with asyncio.timeout(TIMEOUT_S):
            return int(await self._append([self._stream], [head, *_arguments(events)]))

    async def trim(self, until: int) -> int:
        async with asyncio.timeout(TIMEOUT_S):
            return int(await self._trim([self._stream], [until, dead_letters_of(self._stream, "")]))


def _script(redis: Redis, name: str) -> AsyncScript:
    return redis.register_script(resources.files(__package__).joinpath("lua", f"{name}.lua").read_text())


def _arguments(events: Sequence[PositionedEvent]) -> Iterator[int | bytes]:
    entries = [(each.position, each.event.to_fields()) for each in events]
    yield len(entries[0][1]) if entries else 0
    for position, entry in entries:
        yield position
        for name, value in entry.items():
            yield name
            yield value
