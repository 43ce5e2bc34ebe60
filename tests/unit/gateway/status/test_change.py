"""Numbers from two readings."""

from gateway.status.reading import Reading

from tests.unit.gateway.status.samples import change, only, requests

REQUESTS = "http_server_request_duration_seconds"


def test_rates_are_growth_by_time() -> None:
    seen = change(
        [("hits_total", {"a": "x"}, 30.0), ("hits_total", {"a": "y"}, 5.0)], [("hits_total", {"a": "x"}, 10.0)]
    )
    assert seen.rates("hits_total", "a") == {("x",): 10.0, ("y",): 2.5}
    assert seen.per_s("hits_total") == 12.5
    assert seen.per_s("hits_total", a="x") == 10.0


def test_a_counter_that_has_not_counted_is_at_rest_and_a_gauge_that_is_absent_is_not_known() -> None:
    seen = change([])
    assert seen.per_s("hits_total") == 0.0
    assert seen.rates("hits_total", "a") == {}
    assert seen.after.total("level") is None


def test_one_reading_tells_no_rate() -> None:
    seen = only([("hits_total", {}, 30.0)])
    assert seen.per_s("hits_total") is None
    assert seen.rates("hits_total") == {(): None}


def test_quantiles_are_of_what_came_between() -> None:
    slow = requests((0, 0, 100, 0))
    both = requests((50, 0, 100, 0))
    estimates = change(both, slow).quantiles(REQUESTS)[()]
    assert estimates.ms(0.5) == 5.0
    p99 = estimates.ms(0.99)
    assert p99 is not None
    assert p99 <= 10.0
    assert change(slow, slow).quantiles(REQUESTS)[()].ms(0.5) is None


def test_sums_by_labels_some_of_which_are_missing() -> None:
    reading = Reading.of(
        [("n", {"a": "x", "b": "1"}, 1.0), ("n", {"a": "x", "b": "2"}, 2.0), ("n", {"b": "1"}, 4.0)], 0
    )
    assert reading.by("n", "a") == {("x",): 3.0, ("",): 4.0}
    assert reading.by("n") == {(): 7.0}
    assert (reading.total("n", b="1"), reading.total("n", b="3")) == (5.0, None)
