import pytest
from gateway.limits.adaptive_limit import AdaptiveLimit
from hypothesis import given
from hypothesis import strategies as st

FIRST = 32


class Sampled:
    """A limit, and a clock that a request ends on every 10 ms."""

    def __init__(self, floor: int = 4, ceiling: int = 400) -> None:
        self.now = 0.0
        self.limit = AdaptiveLimit(floor, ceiling)

    def window(self, *, slow: int, of: int = 16, inside: int | None = None, wanted: bool = True) -> int:
        """The limit after so many verdicts, the stay being too short to matter."""
        if wanted:
            self.limit.note_demand()
        for number in range(of):
            self.now += 0.01
            within = self.limit.limit if inside is None else inside
            self.limit.sample(slow=number < slow, in_use=within, mean_s=0.0, now=self.now)
        return self.limit.limit


def test_limit_doubles_at_first_while_there_is_demand_and_nothing_is_slow() -> None:
    sampled = Sampled()
    assert [sampled.window(slow=0) for _ in range(3)] == [2 * FIRST, 4 * FIRST, 8 * FIRST]
    assert sampled.window(slow=0) == 400


def test_limit_grows_by_its_square_root_after_it_was_too_high() -> None:
    sampled = Sampled()
    assert sampled.window(slow=9) == 24
    assert [sampled.window(slow=0) for _ in range(3)] == [28, 33, 38]


def test_limit_does_not_grow_without_demand() -> None:
    assert Sampled().window(slow=0, wanted=False) == FIRST


def test_limit_shrinks_by_a_quarter_when_more_than_half_are_slow() -> None:
    assert Sampled().window(slow=8, wanted=False) == FIRST
    assert Sampled().window(slow=9, wanted=False) == 24


def test_limit_shrinks_from_the_peak_concurrency() -> None:
    sampled = Sampled()
    sampled.window(slow=0)
    assert sampled.window(slow=16, inside=40) == 30


def test_limit_does_not_shrink_when_concurrency_is_low() -> None:
    assert Sampled().window(slow=16, inside=FIRST // 2 - 1) == FIRST


def test_limit_does_not_change_by_few_samples() -> None:
    assert Sampled().window(slow=15, of=15) == FIRST


def test_samples_of_requests_before_a_change_are_ignored() -> None:
    sampled = Sampled()
    sampled.window(slow=16)
    for _ in range(30):
        sampled.now += 0.01
        sampled.limit.sample(slow=True, in_use=24, mean_s=0.301, now=sampled.now)
    assert sampled.limit.limit == 24
    assert sampled.window(slow=16) == 18


def test_limit_at_the_floor_is_reported_and_starts_slowly_again() -> None:
    sampled = Sampled(floor=20)
    assert sampled.window(slow=16) == 24
    assert not sampled.limit.is_slow_at_floor
    assert sampled.window(slow=16) == 20
    assert sampled.limit.is_slow_at_floor
    assert sampled.window(slow=16) == 20
    assert sampled.limit.is_slow_at_floor
    assert sampled.window(slow=0) == 40
    assert not sampled.limit.is_slow_at_floor


@given(st.lists(st.tuples(st.integers(0, 16), st.integers(1, 500), st.booleans()), max_size=60))
def test_limit_stays_within_its_bounds(windows: list[tuple[int, int, bool]]) -> None:
    sampled = Sampled(floor=5, ceiling=90)
    for slow, inside, wanted in windows:
        assert 5 <= sampled.window(slow=slow, inside=inside, wanted=wanted) <= 90


@pytest.mark.parametrize(("floor", "ceiling", "first"), [(1, 2, 2), (50, 60, 50), (1, 100, FIRST)])
def test_initial_limit_is_within_the_bounds(floor: int, ceiling: int, first: int) -> None:
    assert AdaptiveLimit(floor, ceiling).limit == first


@pytest.mark.parametrize(("floor", "ceiling"), [(0, 5), (6, 5)])
def test_invalid_bounds_are_refused(floor: int, ceiling: int) -> None:
    with pytest.raises(ValueError, match="floor"):
        AdaptiveLimit(floor, ceiling)
