"""The denylist, by examples and against a naive model."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service_kit.tokens.denylist import Denylist

from tests.hypothesis_profiles import examples


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_session_is_denied_for_the_given_time() -> None:
    clock = Clock()
    denylist = Denylist(clock)
    assert denylist.deny_session("s1", 10)
    clock.time += 9.99
    assert denylist.denies_session("s1")
    clock.time += 0.01
    assert not denylist.denies_session("s1")
    assert denylist.deny_session("s1", 1)


def test_expired_denials_take_no_memory() -> None:
    clock = Clock()
    denylist = Denylist(clock)
    for number in range(100_000):
        denylist.deny_session(f"s{number}", 10)
        denylist.deny_session("again and again", 10)
        clock.time += 0.01
        assert len(denylist._sessions._until) == len(denylist._sessions._due) <= 1002
    clock.time += 10
    assert denylist.count_sessions() == 0


DENY = st.tuples(st.just("deny"), st.sampled_from("abcd"), st.integers(0, 20))
PASS = st.tuples(st.just("pass"), st.just(""), st.integers(0, 15))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=examples(300))
@given(st.lists(st.one_of(DENY, PASS), max_size=60))
def test_denylist_agrees_with_a_naive_implementation(steps: list[tuple[str, str, int]]) -> None:
    clock = Clock()
    denylist = Denylist(clock)
    said: list[tuple[str, float]] = []
    for step, name, seconds in steps:
        if step == "pass":
            clock.time += seconds
        else:
            before = any(other == name and until > clock.time for other, until in said)
            assert denylist.deny_session(name, seconds) is not before
            said.append((name, clock.time + seconds))
        live = {other for other, until in said if until > clock.time}
        assert {name for name in "abcd" if denylist.denies_session(name)} == live
        assert denylist.count_sessions() == len(live)
