"""Quantiles out of buckets."""

from bisect import bisect_left
from math import ceil, inf, isclose

from gateway.status.quantile import quantile
from hypothesis import given
from hypothesis import strategies as st
from service_kit.telemetry.seconds_histogram import SECONDS_BUCKETS

BOUNDS = (*SECONDS_BUCKETS, inf)


def buckets(values: list[float]) -> dict[float, float]:
    return {bound: float(sum(value <= bound for value in values)) for bound in BOUNDS}


@given(st.lists(st.floats(0.0001, 10.0), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_it_is_in_the_bucket_of_the_true_one(values: list[float], q: float) -> None:
    true = sorted(values)[ceil(q * len(values)) - 1]
    index = bisect_left(BOUNDS, true)
    estimate = quantile(q, buckets(values))
    assert estimate is not None
    low, high = BOUNDS[index - 1] if index else 0.0, BOUNDS[index]
    assert low <= estimate <= high or isclose(estimate, high)


def test_values_are_taken_to_lie_evenly() -> None:
    assert quantile(0.5, {1.0: 0.0, 2.0: 10.0, inf: 10.0}) == 1.5


def test_without_values_there_is_none() -> None:
    assert quantile(0.5, {}) is None
    assert quantile(0.5, {1.0: 0.0, inf: 0.0}) is None


def test_quantile_above_the_last_bound_is_that_bound() -> None:
    assert quantile(0.99, buckets([60.0])) == 10.0
