"""Waiting for a condition, never for a length of time."""

import threading
import time
from collections.abc import Callable
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
