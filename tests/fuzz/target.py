"""Targets of fuzzing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True, kw_only=True)
class Target:
    """Code that parses external input.

    name: for the command line and the report.
    inputs: generates inputs; an input must not be changed by ``feed``, which may get it several times.
    feed: feeds one input in an event loop, and raises on a fault (AssertionError or any other exception).
    max_step_ms: the limit of processor time per step of the event loop.
    max_growth_blocks: how many blocks of memory (`sys.getallocatedblocks`) repeated inputs may retain.
    """

    name: str
    inputs: SearchStrategy[Any] = field(repr=False)
    feed: Callable[[Any], Awaitable[None]]
    max_step_ms: float = 20.0
    max_growth_blocks: int = 500
