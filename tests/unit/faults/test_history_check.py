"""The history checker finds every kind of fault, and none in a consistent history."""

import pytest

from tests.faults.history import Kind, Op, Outcome, Sight
from tests.faults.history_check import Rule, violations

OK, REFUSED, MISSING, UNKNOWN = Outcome


def op(kind: Kind, outcome: Outcome, at_s: float, target: str = "", *seen: Sight, took_s: float = 1) -> Op:
    return Op("ada", kind, outcome, at_s, at_s + took_s, target, seen)


def order(number: int, version: int = 1, key: str | None = None) -> Sight:
    return Sight(f"order-{number}", key or f"key-{number}", version)


def created(number: int, at_s: float, outcome: Outcome = OK) -> Op:
    return op(Kind.CREATE, outcome, at_s, f"key-{number}", *([order(number)] if outcome is OK else []))


def read(number: int, at_s: float, version: int = 1) -> Op:
    return op(Kind.GET, OK, at_s, f"order-{number}", order(number, version))


def listed(at_s: float, *seen: Sight, took_s: float = 1) -> Op:
    return op(Kind.LIST, OK, at_s, "", *seen, took_s=took_s)


def deleted(number: int, at_s: float, outcome: Outcome = OK, took_s: float = 1) -> Op:
    return op(Kind.DELETE, outcome, at_s, f"order-{number}", took_s=took_s)


def cancelled(number: int, at_s: float, outcome: Outcome = OK) -> Op:
    return op(Kind.CANCEL, outcome, at_s, f"order-{number}", *([order(number, 2)] if outcome is OK else []))


RIGHT = {
    "nothing": [],
    "an order": [created(1, 0), read(1, 2), listed(4, order(1))],
    "a creation in doubt that had no effect": [created(1, 0, UNKNOWN), listed(4)],
    "a creation in doubt that had one": [created(1, 0, UNKNOWN), listed(4, order(1))],
    "a creation that was repeated": [created(1, 0, UNKNOWN), created(1, 2), listed(4, order(1))],
    "an answer repeated after the deletion": [created(1, 0), deleted(1, 2), created(1, 4), listed(6)],
    "a refused creation": [created(1, 0, REFUSED), listed(4)],
    "a deletion": [created(1, 0), deleted(1, 2), op(Kind.GET, MISSING, 4, "order-1"), listed(6)],
    "a deletion in doubt that had no effect": [created(1, 0), deleted(1, 2, UNKNOWN), listed(4, order(1))],
    "a deletion in doubt that took effect late": [
        created(1, 0), deleted(1, 2, UNKNOWN), read(1, 4), deleted(1, 6, MISSING), listed(8),
    ],
    "a read while it is created": [created(1, 0), listed(0.5), listed(4, order(1))],
    "a read while it is deleted": [created(1, 0), deleted(1, 2, took_s=9), listed(3), read(1, 2.5), listed(12)],
    "a change": [created(1, 0), cancelled(1, 2), read(1, 4, version=2), listed(6, order(1, 2))],
    "a read while it changes": [created(1, 0), cancelled(1, 2), read(1, 2.5), listed(6, order(1, 2))],
    "a change that was refused": [created(1, 0), cancelled(1, 2, REFUSED), listed(6, order(1))],
    "a list that failed": [created(1, 0), op(Kind.LIST, UNKNOWN, 2), listed(4, order(1))],
}  # fmt: skip

WRONG = {
    "lost for a list": (Rule.LOST, [created(1, 0), listed(4)]),
    "lost for a read": (Rule.LOST, [created(1, 0), op(Kind.GET, MISSING, 2, "order-1"), listed(4, order(1))]),
    "lost before it was to be deleted": (Rule.LOST, [created(1, 0), listed(2), deleted(1, 4), listed(6)]),
    "lost after it was seen": (Rule.LOST, [created(1, 0, UNKNOWN), read(1, 2), listed(4)]),
    "lost for its deletion": (Rule.LOST, [created(1, 0), deleted(1, 2, MISSING), listed(4)]),
    "lost for a change": (Rule.LOST, [created(1, 0), cancelled(1, 2, MISSING), listed(4, order(1))]),
    "doubled in a list": (Rule.DOUBLED, [created(1, 0), listed(4, order(1), order(2, key="key-1"))]),
    "doubled by a time-out": (Rule.DOUBLED, [created(1, 0, UNKNOWN), listed(4, order(1), order(2, key="key-1"))]),
    "doubled by repetition": (
        Rule.DOUBLED,
        [created(1, 0), op(Kind.CREATE, OK, 2, "key-1", order(2, key="key-1")), deleted(2, 4), listed(6, order(1))],
    ),
    "returned to a list": (Rule.RETURNED, [created(1, 0), deleted(1, 2), listed(4, order(1))]),
    "returned to a read": (Rule.RETURNED, [created(1, 0), deleted(1, 2), read(1, 4), listed(6)]),
    "returned to a change": (Rule.RETURNED, [created(1, 0), deleted(1, 2), cancelled(1, 4), listed(6)]),
    "deleted twice": (Rule.RETURNED, [created(1, 0), deleted(1, 2), deleted(1, 4), listed(6)]),
    "returned after it was seen to be gone": (
        Rule.RETURNED,
        [created(1, 0), deleted(1, 2, UNKNOWN), listed(4), listed(6, order(1))],
    ),
    "went back after a change": (
        Rule.WENT_BACK,
        [created(1, 0), cancelled(1, 2), read(1, 4), listed(6, order(1, 2))],
    ),
    "went back after a read": (
        Rule.WENT_BACK,
        [created(1, 0), cancelled(1, 2, UNKNOWN), read(1, 4, version=2), listed(6, order(1))],
    ),
    "of no creation": (Rule.UNASKED, [created(1, 0), listed(4, order(1), order(2))]),
    "of a refused creation": (Rule.UNASKED, [created(1, 0, REFUSED), listed(4, order(1))]),
    "another order than the one asked for": (
        Rule.CROSSED,
        [created(1, 0), created(2, 0), op(Kind.GET, OK, 2, "order-1", order(2)), listed(4, order(1), order(2))],
    ),
    "the order of another key": (
        Rule.CROSSED,
        [created(1, 0), op(Kind.CREATE, OK, 2, "key-2", order(1)), listed(4, order(1))],
    ),
    "never listed": (Rule.UNREAD, [created(1, 0)]),
    "not listed after the last write": (Rule.UNREAD, [created(1, 0), listed(2, order(1)), deleted(1, 4)]),
}


@pytest.mark.parametrize("history", RIGHT.values(), ids=RIGHT)
def test_consistent_history_has_no_violations(history: list[Op]) -> None:
    assert violations(history) == []
    assert violations(reversed(history)) == []


@pytest.mark.parametrize(("rule", "history"), WRONG.values(), ids=WRONG)
def test_each_fault_is_found_and_nothing_else(rule: Rule, history: list[Op]) -> None:
    assert {violation.rule for violation in violations(history)} == {rule}
    assert {violation.rule for violation in violations(reversed(history))} == {rule}


def test_every_rule_has_an_example() -> None:
    assert {rule for rule, _ in WRONG.values()} == set(Rule)


def test_order_of_another_user_is_a_violation() -> None:
    theirs = Op("bob", Kind.LIST, OK, 4, 5, "", (order(1),))

    assert [found.rule for found in violations([created(1, 0), listed(4, order(1)), theirs])] == [Rule.UNASKED]
