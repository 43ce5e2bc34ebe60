import pytest
from gateway.limits.baseline_latency import BaselineLatency


def test_unknown_method_has_latency_zero() -> None:
    baseline = BaselineLatency()
    assert baseline.mean_s("a") == 0.0
    baseline.is_new("a")
    assert baseline.mean_s("a") == 0.0


def test_each_method_has_its_own_mean() -> None:
    baseline = BaselineLatency()
    for method, took_s in (("slow", 0.5), ("fast", 0.01), ("slow", 0.7)):
        baseline.is_new(method)
        baseline.learn(method, took_s)
    assert baseline.mean_s("slow") == pytest.approx(0.6)
    assert baseline.mean_s("fast") == pytest.approx(0.01)


def test_first_requests_are_new() -> None:
    baseline = BaselineLatency()
    assert [baseline.is_new("a") for _ in range(40)] == [True] * 32 + [False] * 8


def test_mean_follows_a_change_of_latency() -> None:
    baseline = BaselineLatency()
    baseline.is_new("a")
    for took_s in [0.1] * 200 + [0.3] * 32:
        baseline.learn("a", took_s)
    assert 0.2 < baseline.mean_s("a") < 0.3


def test_next_requests_decide_the_mean_after_relearn() -> None:
    baseline = BaselineLatency()
    baseline.is_new("a")
    for _ in range(200):
        baseline.learn("a", 0.1)
    baseline.relearn()
    assert baseline.mean_s("a") == pytest.approx(0.1)
    for took_s in (0.2, 0.4):
        baseline.learn("a", took_s)
    assert baseline.mean_s("a") == pytest.approx(0.3)
