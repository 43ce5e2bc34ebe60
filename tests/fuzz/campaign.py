"""Feeds one target with many inputs, and checks the invariants of every target."""

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from hypothesis import HealthCheck, given, note, settings, target
from loguru import logger

from tests.fuzz.step_loop import StepLoop
from tests.fuzz.target import Target

_SAMPLES = 40
#: A single measurement may include other work on the machine; the minimum of three does not.
_MEASUREMENTS = 3


@dataclass
class Findings:
    """The results of a campaign. samples: some of the inputs."""

    inputs: int = 0
    longest_step_ms: float = 0.0
    growth_blocks: int = 0


class Campaign:
    """Runs of one target in one event loop. measures_steps: whether a step that takes too long is a failure."""

    def __init__(self, target: Target, *, measures_steps: bool) -> None:
        self.findings = Findings()
        self._target = target
        self._measures_steps = measures_steps
        self._samples: list[Any] = []

    def run(self, max_examples: int) -> None:
        """Feeds this many inputs. Any exception is a failure, with the input in its notes."""
        with self._loop() as runner:
            self._search(max_examples, runner)

    def check_memory(self) -> None:
        """Feeds some of the inputs twice again.

        Raises:
            AssertionError: the second run retained memory.
        """
        with self._loop() as runner:
            self._replay(runner)
            before = _blocks()
            self._replay(runner)
            self.findings.growth_blocks = _blocks() - before
        assert self.findings.growth_blocks <= self._target.max_growth_blocks, "memory grows"

    def _search(self, max_examples: int, runner: asyncio.Runner) -> None:
        @settings(max_examples=max_examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(self._target.inputs)
        def search(value: Any) -> None:
            longest_ms = self._feed(runner, value)
            if self._measures_steps:
                target(longest_ms, label="longest step")  # makes hypothesis search for slower inputs
                assert longest_ms <= self._target.max_step_ms, f"one step took {longest_ms:.1f} ms"

        cast("Callable[[], None]", search)()

    def _feed(self, runner: asyncio.Runner, value: Any) -> float:
        """Returns the processor time of the longest step in milliseconds."""
        self.findings.inputs += 1
        if len(self._samples) < _SAMPLES:
            self._samples.append(value)
        longest_ms = self._feed_once(runner, value)
        for _ in range(_MEASUREMENTS - 1):
            if longest_ms > self._target.max_step_ms and self._measures_steps:
                longest_ms = min(longest_ms, self._feed_once(runner, value))
        self.findings.longest_step_ms = max(self.findings.longest_step_ms, longest_ms)
        return longest_ms

    def _feed_once(self, runner: asyncio.Runner, value: Any) -> float:
        loop = cast("StepLoop", runner.get_loop())
        loop.longest_step_s = 0.0
        loop.errors.clear()
        gc.disable()  # a collection would traverse all objects of hypothesis within a step
        try:
            with _log_errors() as logged:
                runner.run(cast("Any", self._target.feed(value)))
        finally:
            gc.enable()
        left = asyncio.all_tasks(loop)
        for text in (*loop.errors, *logged):
            note(text)
        assert not loop.errors
        assert not logged
        assert not left
        return loop.longest_step_s * 1000

    def _replay(self, runner: asyncio.Runner) -> None:
        for value in self._samples:
            self._feed_once(runner, value)

    @contextmanager
    def _loop(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner(loop_factory=StepLoop) as runner:
            yield runner


@contextmanager
def _log_errors() -> Iterator[list[str]]:
    lines: list[str] = []
    handler = logger.add(lambda line: lines.append(str(line)), level="ERROR")
    try:
        yield lines
    finally:
        logger.remove(handler)


def _blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()
