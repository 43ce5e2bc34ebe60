"""Cleaning up that must complete although its caller is cancelled, such as returning a connection to its pool."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def uninterrupted(coroutine: Coroutine[Any, Any, T]) -> T:
    """Returns or raises what ``coroutine`` does; it runs in a task of its own, to its end.

    Raises:
        asyncio.CancelledError: The caller was cancelled meanwhile. Raised once the coroutine has ended, however often
            the caller was cancelled; asyncio.shield would return at once.
    """
    task = asyncio.create_task(coroutine)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is not None:
        raise cancelled from task.exception()
    return task.result()
