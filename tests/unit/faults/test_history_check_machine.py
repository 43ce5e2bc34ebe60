"""The history checker against a correct store with concurrent clients and lost responses, and against faulty ones."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.history import Kind, Op, Outcome, Sight
from tests.faults.history_check import Rule, violations

_KEYS = 4


@dataclass
class Store:
    """Orders by id, and the first response for each key."""

    orders: dict[str, Sight] = field(default_factory=dict)
    answers: dict[str, Sight] = field(default_factory=dict)

    def do(self, kind: Kind, target: str) -> tuple[Outcome, tuple[Sight, ...]]:
        if kind is Kind.LIST:
            return Outcome.OK, tuple(self.orders.values())
        if kind is Kind.CREATE:
            if target not in self.answers:
                self.answers[target] = self.orders[f"order of {target}"] = Sight(f"order of {target}", target, 1)
            return Outcome.OK, (self.answers[target],)
        if target not in self.orders:
            return Outcome.MISSING, ()
        if kind is Kind.DELETE:
            del self.orders[target]
            return Outcome.OK, ()
        if kind is Kind.CANCEL:
            if self.orders[target].version == 2:
                return Outcome.REFUSED, ()
            self.orders[target] = replace(self.orders[target], version=2)
        return Outcome.OK, (self.orders[target],)


def histories() -> st.SearchStrategy[list[Op]]:
    """Histories of a correct store: each operation takes effect at one moment between its start and its end."""
    numbers = st.integers(0, _KEYS - 1)
    reach = st.floats(0.1, 5)
    step = st.tuples(st.sampled_from(Kind), numbers, reach, reach, st.sampled_from(["heard", "heard", "lost", "never"]))
    return st.lists(step, max_size=40).map(lambda steps: list(_played(steps)))


def _played(steps: list[tuple[Kind, int, float, float, str]]) -> Iterator[Op]:
    store = Store()
    for moment, (kind, number, before_s, after_s, fate) in enumerate(steps, start=10):
        target = {Kind.LIST: "", Kind.CREATE: f"key-{number}"}.get(kind, f"order of key-{number}")
        outcome, seen = store.do(kind, target) if fate != "never" else (Outcome.UNKNOWN, ())
        if fate == "lost":
            outcome, seen = Outcome.UNKNOWN, ()
        yield Op("ada", kind, outcome, moment - before_s, moment + after_s, target, seen)
    yield Op("ada", Kind.LIST, Outcome.OK, 1000, 1001, "", tuple(store.orders.values()))


@given(histories(), st.randoms(use_true_random=False))
def test_correct_store_has_no_violations(history: list[Op], chance: random.Random) -> None:
    chance.shuffle(history)
    assert violations(history) == []


@given(histories())
def test_store_that_loses_an_order_is_detected(history: list[Op]) -> None:
    *before, last = history
    asked_away = {op.target for op in before if op.kind is Kind.DELETE}
    acknowledged = {sight.order_id for op in before for sight in op.seen} - asked_away
    kept = tuple(sight for sight in last.seen if sight.order_id not in acknowledged)

    found = violations([*before, replace(last, seen=kept)])

    assert {violation.rule for violation in found} == ({Rule.LOST} if acknowledged else set())


@given(histories())
def test_store_that_revives_a_deleted_order_is_detected(history: list[Op]) -> None:
    *before, last = history
    deleted = {op.target for op in before if op.kind is Kind.DELETE and op.outcome is Outcome.OK}
    back = tuple(Sight(order_id, order_id.removeprefix("order of "), 2) for order_id in sorted(deleted))

    found = violations([*before, replace(last, seen=(*last.seen, *back))])

    assert {violation.rule for violation in found} == ({Rule.RETURNED} if deleted else set())


@given(histories())
def test_store_that_duplicates_orders_is_detected(history: list[Op]) -> None:
    *before, last = history
    doubles = tuple(replace(sight, order_id=f"second {sight.order_id}") for sight in last.seen)

    found = violations([*before, replace(last, seen=(*last.seen, *doubles))])

    assert {violation.rule for violation in found} == ({Rule.DOUBLED} if doubles else set())


@given(histories())
def test_store_that_loses_updates_is_detected(history: list[Op]) -> None:
    *before, last = history
    told = {sight.order_id for op in before for sight in op.seen if sight.version == 2}
    present = {sight.order_id for sight in last.seen}
    forgotten = tuple(replace(sight, version=1) for sight in last.seen)

    found = violations([*before, replace(last, seen=forgotten)])

    assert {violation.rule for violation in found} == ({Rule.WENT_BACK} if told & present else set())
