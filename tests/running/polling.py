"""Waits for a condition instead of a fixed time."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(attempt: Callable[[], T | None], *, within_s: float, every_s: float = 0.1) -> T:
    """Calls `attempt` until it returns something other than None, and returns that.

    Raises:
        AssertionError: it did not within the time.
    """
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while True:
        answer = attempt()
        if answer is not None:
            return answer
        assert time.monotonic() < deadline, f"{attempt} gave nothing within {within_s} s"
        pause.wait(every_s)


async def in_time(attempt: Callable[[], Awaitable[T | None]], *, within_s: float, every_s: float = 0.02) -> T:
    """Does the same in an event loop."""
    deadline = time.monotonic() + within_s
    while True:
        answer = await attempt()
        if answer is not None:
            return answer
        assert time.monotonic() < deadline, f"{attempt} gave nothing within {within_s} s"
        await asyncio.sleep(every_s)
