import pytest
from gateway.limits.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_few_at_once_and_then_each_in_its_turn() -> None:
    pace = Pace(10, at_once=3, longest_s=5, now=Clock())
    assert [pace.wait_s() for _ in range(6)] == pytest.approx([0, 0, 0, 0, 0.1, 0.2])


def test_who_comes_at_that_pace_never_waits() -> None:
    clock = Clock()
    pace = Pace(10, at_once=1, longest_s=5, now=clock)
    for _ in range(100):
        clock.now += 0.1
        assert pace.wait_s() == 0


def test_rest_gives_the_few_back_and_no_more() -> None:
    clock = Clock()
    pace = Pace(10, at_once=3, longest_s=5, now=clock)
    for _ in range(4):
        pace.wait_s()
    clock.now += 100
    assert [pace.wait_s() > 0 for _ in range(5)] == [False, False, False, False, True]


def test_nobody_waits_for_ever() -> None:
    pace = Pace(10, at_once=1, longest_s=2, now=Clock())
    waits = [pace.wait_s() for _ in range(100)]
    assert max(waits) == pytest.approx(2)
