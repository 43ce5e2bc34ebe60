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


def test_it_grows_while_more_want_in_and_nothing_is_slow() -> None:
    sampled = Sampled()
    assert [sampled.window(slow=0) for _ in range(3)] == [2 * FIRST, 4 * FIRST, 8 * FIRST]
    assert sampled.window(slow=0) == 400


def test_once_it_was_too_high_it_grows_by_the_square_root() -> None:
    sampled = Sampled()
    assert sampled.window(slow=9) == 24
    assert [sampled.window(slow=0) for _ in range(3)] == [28, 33, 38]


def test_what_nobody_wants_does_not_grow() -> None:
    assert Sampled().window(slow=0, wanted=False) == FIRST


def test_a_majority_of_slow_ones_takes_a_quarter_and_half_of_them_nothing() -> None:
    assert Sampled().window(slow=8, wanted=False) == FIRST
    assert Sampled().window(slow=9, wanted=False) == 24


def test_it_shrinks_from_what_was_inside() -> None:
    sampled = Sampled()
    sampled.window(slow=0)
    assert sampled.window(slow=16, inside=40) == 30


def test_few_that_are_slow_are_not_made_faster_by_letting_in_fewer() -> None:
    assert Sampled().window(slow=16, inside=FIRST // 2 - 1) == FIRST


def test_a_few_verdicts_say_nothing() -> None:
    assert Sampled().window(slow=15, of=15) == FIRST


def test_after_a_change_nothing_counts_before_those_inside_are_new() -> None:
    sampled = Sampled()
    sampled.window(slow=16)
    for _ in range(30):
        sampled.now += 0.01
        sampled.limit.sample(slow=True, in_use=24, mean_s=0.301, now=sampled.now)
    assert sampled.limit.limit == 24
    assert sampled.window(slow=16) == 18


def test_at_the_floor_it_says_so_and_starts_anew() -> None:
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
def test_it_never_leaves_its_bounds(windows: list[tuple[int, int, bool]]) -> None:
    sampled = Sampled(floor=5, ceiling=90)
    for slow, inside, wanted in windows:
        assert 5 <= sampled.window(slow=slow, inside=inside, wanted=wanted) <= 90


@pytest.mark.parametrize(("floor", "ceiling", "first"), [(1, 2, 2), (50, 60, 50), (1, 100, FIRST)])
def test_it_begins_in_the_middle(floor: int, ceiling: int, first: int) -> None:
    assert AdaptiveLimit(floor, ceiling).limit == first


@pytest.mark.parametrize(("floor", "ceiling"), [(0, 5), (6, 5)])
def test_nonsense_is_refused(floor: int, ceiling: int) -> None:
    with pytest.raises(ValueError, match="floor"):
        AdaptiveLimit(floor, ceiling)
