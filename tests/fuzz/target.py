"""What can be fuzzed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True, kw_only=True)
class Target:
    """One piece of code that takes input from outside.

    name: for the command line and the report.
    inputs: generates inputs; an input must not be changed by ``feed``, which may get it several times.
    feed: takes one input, in an event loop, and raises what is wrong (AssertionError or any other).
    max_step_ms: the most processor time that one step of the event loop may take.
    max_growth_blocks: how many blocks of memory (`sys.getallocatedblocks`) may stay when inputs are repeated.
    """

    name: str
    inputs: SearchStrategy[Any] = field(repr=False)
    feed: Callable[[Any], Awaitable[None]]
    max_step_ms: float = 20.0
    max_growth_blocks: int = 500
