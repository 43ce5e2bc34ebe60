"""What must reach its end even if nobody waits for it any more, such as giving a connection back."""

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


async def uninterrupted(coroutine: Coroutine[Any, Any, T]) -> T:
    """What ``coroutine`` returns or raises; if the caller is cancelled meanwhile, it is told so afterwards.

    asyncio.shield would do as well, for a task each time. Here only a coroutine that does have to wait gets one.
    """
    try:
        awaited = coroutine.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    task = asyncio.create_task(_finish(coroutine, awaited))
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is not None:
        raise cancelled from task.exception()
    return task.result()


async def _finish(coroutine: Coroutine[Any, Any, T], awaited: Any) -> T:
    return await _rest_of(coroutine, awaited)


@types.coroutine
def _rest_of(coroutine: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, Any, T]:
    """``coroutine`` from where it stands, which is waiting for ``awaited``, in another task."""
    try:
        while True:
            try:
                yield awaited
            except BaseException as exc:  # whatever comes of the wait is the coroutine's business
                awaited = coroutine.throw(exc)
            else:
                awaited = coroutine.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
