"""Waiting for a condition, never for a length of time."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(attempt: Callable[[], T | None], *, within_s: float, every_s: float = 0.1) -> T:
    """The first answer of `attempt` that is not None; AssertionError if none comes within the time."""
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while True:
        answer = attempt()
        if answer is not None:
            return answer
        assert time.monotonic() < deadline, f"{attempt} gave nothing within {within_s} s"
        pause.wait(every_s)


async def in_time(attempt: Callable[[], Awaitable[T | None]], *, within_s: float, every_s: float = 0.02) -> T:
    """The same for who shares an event loop with what is waited for."""
    deadline = time.monotonic() + within_s
    while True:
        answer = await attempt()
        if answer is not None:
            return answer
        assert time.monotonic() < deadline, f"{attempt} gave nothing within {within_s} s"
        await asyncio.sleep(every_s)
