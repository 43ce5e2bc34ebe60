"""Checks that a history of orders could come from a single correct store, despite all faults.

The checks use real time: an operation that ended before another began precedes it; all others may be in any order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.faults.history import Kind, Op, Outcome
from tests.faults.order_past import OrderPast


class Rule(StrEnum):
    """The invariants."""

    #: An acknowledged order exists until a client asks for its deletion.
    LOST = "an acknowledged order is there"
    #: One key creates at most one order, however often it is sent.
    DOUBLED = "one key makes one order"
    #: A deleted order, or one that was not found, is never seen again.
    RETURNED = "a deleted order never returns"
    #: No response shows an older version than an earlier response did.
    WENT_BACK = "a version never goes back"
    #: Every order comes from a creation by the same user that may have taken effect.
    UNASKED = "every order was asked for"
    #: A response holds only what was requested.
    CROSSED = "an answer is about what was asked"
    #: The orders of each user were listed at the end; without that, the history proves little.
    UNREAD = "the outcome was looked at"


@dataclass(frozen=True, slots=True)
class Violation:
    """A violated rule, with the operation or order that violates it."""

    rule: Rule
    about: str


def violations(history: Iterable[Op]) -> list[Violation]:
    """Yields all violations in a history; its operations may be in any order."""
    by_user: dict[str, list[Op]] = defaultdict(list)
    for op in history:
        by_user[op.user].append(op)
    return [violation for ops in by_user.values() for violation in _violations_of_user(ops)]


def _violations_of_user(ops: Sequence[Op]) -> Iterator[Violation]:
    yield from _unread(ops)
    yield from _crossed(ops)
    yield from _wrong_keys(ops)
    for order_id, past in _pasts(ops).items():
        yield from (Violation(Rule.LOST, f"{order_id} is missing in {op}") for op in past.lost())
        yield from (Violation(Rule.RETURNED, f"{order_id} is shown in {op}") for op in past.returned())
        yield from (Violation(Rule.WENT_BACK, f"{order_id} in {op}") for op in past.went_back())


def _pasts(ops: Sequence[Op]) -> dict[str, OrderPast]:
    """Yields the violations of every order that a response has shown."""
    pasts = {sight.order_id: OrderPast() for op in ops for sight in op.seen}
    for op in ops:
        sights = {sight.order_id: sight for sight in op.seen}
        about = pasts.keys() if op.kind is Kind.LIST else pasts.keys() & {op.target, *sights}
        for order_id in about:
            pasts[order_id].take(op, sights.get(order_id))
    return pasts


def _unread(ops: Sequence[Op]) -> Iterator[Violation]:
    reads = {Kind.LIST, Kind.GET}
    last_write_s = max((op.ended_s for op in ops if op.kind not in reads), default=None)
    lists = (op.invoked_s for op in ops if op.kind is Kind.LIST and op.outcome is Outcome.OK)
    if last_write_s is not None and max(lists, default=-1.0) < last_write_s:
        yield Violation(Rule.UNREAD, f"{ops[0].user} has no list after the last write")


def _crossed(ops: Sequence[Op]) -> Iterator[Violation]:
    for op in ops:
        shown = {sight.key if op.kind is Kind.CREATE else sight.order_id for sight in op.seen}
        if op.kind is not Kind.LIST and shown - {op.target}:
            yield Violation(Rule.CROSSED, f"{op} shows {', '.join(sorted(shown))}")


def _wrong_keys(ops: Sequence[Op]) -> Iterator[Violation]:
    attempted = {op.target for op in ops if op.kind is Kind.CREATE and op.outcome in {Outcome.OK, Outcome.UNKNOWN}}
    orders: dict[str, set[str]] = defaultdict(set)
    for op in ops:
        for sight in op.seen:
            orders[sight.key].add(sight.order_id)
    for key, order_ids in orders.items():
        if key not in attempted:
            yield Violation(Rule.UNASKED, f"{', '.join(sorted(order_ids))} of the key {key}")
        if len(order_ids) > 1:
            yield Violation(Rule.DOUBLED, f"{', '.join(sorted(order_ids))} of the key {key}")
