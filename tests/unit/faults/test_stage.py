"""The platforms that a stage keeps, replaces and ends."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.stage import Stage
from tests.running.stacks import Stack


class Started:
    """Fake platforms: counted, and broken on demand."""

    def __init__(self) -> None:
        self.count = 0
        self.running: list[Stack] = []
        self.broken: list[Stack] = []

    @contextmanager
    def start(self, environ: Mapping[str, str], _replicas: Mapping[str, int]) -> Iterator[Stack]:
        self.count += 1
        stack = Stack(Path(str(self.count)), environ)
        self.running.append(stack)
        yield stack
        self.running.remove(stack)

    def is_ready(self, stack: Stack) -> bool:
        return stack not in self.broken

    def stage(self) -> Stage:
        return Stage(long=False, start=self.start, is_ready=self.is_ready)


@pytest.fixture
def started() -> Started:
    return Started()


def test_stage_reuses_the_platform_with_the_same_settings(started: Started) -> None:
    with started.stage() as stage:
        first = stage.stack({"A": "1", "B": "2"}, {"gateway": 2})

        assert stage.stack({"B": "2", "A": "1"}, {"gateway": 2}) is first
        assert stage.stack({"A": "1", "B": "2"}) is not first
        assert len(started.running) == 2

    assert started.running == []


def test_stage_replaces_a_broken_platform(started: Started) -> None:
    with started.stage() as stage:
        first = stage.stack()
        started.broken.append(first)

        assert stage.stack() is not first
        assert first not in started.running


def test_stage_ends_the_least_recently_used_platform(started: Started) -> None:
    with started.stage() as stage:
        first, second, third = (stage.stack({"A": name}) for name in "123")
        assert stage.stack({"A": "1"}) is first

        fourth = stage.stack({"A": "4"})

        assert started.running == [first, third, fourth]
        assert second not in started.running


def test_stage_ends_all_platforms_when_a_row_is_interrupted(started: Started) -> None:
    def row(stage: Stage) -> None:
        stage.stack({"A": "1"})
        stage.stack({"A": "2"})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), started.stage() as stage:
        row(stage)

    assert (started.count, started.running) == (2, [])
