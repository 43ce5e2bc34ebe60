import pytest
from gateway.limits.leaky_bucket import LeakyBucket


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_events_after_a_burst_are_spaced() -> None:
    bucket = LeakyBucket(10, burst=3, max_wait_s=5, now=Clock())
    assert [bucket.wait_s() for _ in range(6)] == pytest.approx([0, 0, 0, 0, 0.1, 0.2])


def test_events_at_the_rate_are_not_delayed() -> None:
    clock = Clock()
    bucket = LeakyBucket(10, burst=1, max_wait_s=5, now=clock)
    for _ in range(100):
        clock.now += 0.1
        assert bucket.wait_s() == 0


def test_burst_is_available_again_after_a_pause() -> None:
    clock = Clock()
    bucket = LeakyBucket(10, burst=3, max_wait_s=5, now=clock)
    for _ in range(4):
        bucket.wait_s()
    clock.now += 100
    assert [bucket.wait_s() > 0 for _ in range(5)] == [False, False, False, False, True]


def test_delay_is_bounded() -> None:
    bucket = LeakyBucket(10, burst=1, max_wait_s=2, now=Clock())
    waits = [bucket.wait_s() for _ in range(100)]
    assert max(waits) == pytest.approx(2)
