"""Stores that fail at a moment of one's choice."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

from redis.exceptions import RedisError


class Killed(BaseException):
    """Ends the process: no handler catches it."""


class Fault(Enum):
    """What happens to a call, and whether it has had its effect by then."""

    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    LOST_BEFORE = "lost before"
    LOST_AFTER = "lost after"
    BUG = "bug"
    MEANWHILE = "meanwhile"


class Fuse:
    """Blows once, at the call of this number (from 0 on), if there are so many.

    meanwhile: done just before that call. A bug is one of the store in PostgreSQL.
    """

    def __init__(self, at: int, fault: Fault, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._left = at
        self._fault = fault
        self._meanwhile = meanwhile

    async def call(self, method: Callable[..., Awaitable[Any]], arguments: Any, error: Exception) -> Any:
        self._left -= 1
        if self._left != -1:
            return await method(*arguments)
        match self._fault:
            case Fault.KILLED_BEFORE:
                raise Killed
            case Fault.LOST_BEFORE:
                raise error
            case Fault.BUG if not isinstance(error, RedisError):
                raise KeyError("bug")
            case Fault.MEANWHILE:
                await self._meanwhile()
        answer = await method(*arguments)
        match self._fault:
            case Fault.KILLED_AFTER:
                raise Killed
            case Fault.LOST_AFTER:
                raise error
        return answer


class Fused:
    """A store behind a fuse. error: raised to its caller when it does not answer."""

    def __init__(self, store: object, fuse: Fuse, error: Exception) -> None:
        self._store, self._fuse, self._error = store, fuse, error

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._store, name)

        async def call(*arguments: Any) -> Any:
            return await self._fuse.call(method, arguments, self._error)

        return call
