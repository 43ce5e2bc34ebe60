import pytest
from gateway.limits.ordinary_latency import OrdinaryLatency


def test_what_was_never_seen_takes_no_time() -> None:
    ordinary = OrdinaryLatency()
    assert ordinary.of("a") == 0.0
    ordinary.is_new("a")
    assert ordinary.of("a") == 0.0


def test_each_method_has_its_own_mean() -> None:
    ordinary = OrdinaryLatency()
    for method, took_s in (("slow", 0.5), ("fast", 0.01), ("slow", 0.7)):
        ordinary.is_new(method)
        ordinary.learn(method, took_s)
    assert ordinary.of("slow") == pytest.approx(0.6)
    assert ordinary.of("fast") == pytest.approx(0.01)


def test_the_first_to_enter_are_new() -> None:
    ordinary = OrdinaryLatency()
    assert [ordinary.is_new("a") for _ in range(40)] == [True] * 32 + [False] * 8


def test_it_follows_what_changes() -> None:
    ordinary = OrdinaryLatency()
    ordinary.is_new("a")
    for took_s in [0.1] * 200 + [0.3] * 32:
        ordinary.learn("a", took_s)
    assert 0.2 < ordinary.of("a") < 0.3


def test_in_doubt_the_next_ones_decide() -> None:
    ordinary = OrdinaryLatency()
    ordinary.is_new("a")
    for _ in range(200):
        ordinary.learn("a", 0.1)
    ordinary.doubt()
    assert ordinary.of("a") == pytest.approx(0.1)
    for took_s in (0.2, 0.4):
        ordinary.learn("a", took_s)
    assert ordinary.of("a") == pytest.approx(0.3)
