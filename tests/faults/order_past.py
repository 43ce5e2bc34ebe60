"""The past of one order, as its clients saw it."""

import bisect
import math
from collections.abc import Iterator

from tests.faults.history import Kind, Op, Outcome, Sight


class OrderPast:
    """Collects the operations on one order, and finds those that contradict each other."""

    def __init__(self) -> None:
        self._there: list[Op] = []
        self._absent: list[Op] = []
        self._deletions: list[Op] = []
        #: A repeated creation returns its first response, even after the order has changed or was deleted.
        self._created: list[Op] = []
        self._versions: list[tuple[Op, int]] = []

    def take(self, op: Op, sight: Sight | None) -> None:
        """Adds an operation on this order or on all, with the sight of this order in its response."""
        if op.kind is Kind.CREATE:
            self._created.append(op)
        elif sight is not None:
            self._there.append(op)
            self._versions.append((op, sight.version))
        elif op.outcome is Outcome.MISSING or (op.kind is Kind.LIST and op.outcome is Outcome.OK):
            self._absent.append(op)
        elif op.kind is Kind.DELETE and op.outcome is not Outcome.REFUSED:
            self._deletions.append(op)
            if op.outcome is Outcome.OK:
                self._there.append(op)  # it found it

    def lost(self) -> Iterator[Op]:
        """Returns the operations that did not find the order although no deletion was requested."""
        return (op for op in self._missed() if op.ended_s < self._asked_s())

    def returned(self) -> Iterator[Op]:
        """Returns the operations that found the order after its deletion."""
        deleted = [op for op in self._deletions if op.outcome is Outcome.OK]
        seen_gone = [op for op in self._missed() if op.ended_s >= self._asked_s()]
        gone_s = min((op.ended_s for op in (*deleted, *seen_gone)), default=math.inf)
        return (op for op in self._there if op.invoked_s > gone_s)

    def went_back(self) -> Iterator[Op]:
        """Returns the operations that saw an older version than an earlier operation."""
        sights = sorted((op.ended_s, version) for op, version in self._versions)
        ends = [ended_s for ended_s, _ in sights]
        newest = [0]
        for _, version in sights:
            newest.append(max(newest[-1], version))
        return (op for op, version in self._versions if newest[bisect.bisect_left(ends, op.invoked_s)] > version)

    def _asked_s(self) -> float:
        """Returns the earliest time at which the order may have been deleted."""
        return min((op.invoked_s for op in self._deletions), default=math.inf)

    def _missed(self) -> list[Op]:
        """Returns the operations that did not find the order although it certainly existed when they began."""
        known_s = min((op.ended_s for op in (*self._created, *self._there)), default=math.inf)
        return [op for op in self._absent if op.invoked_s > known_s]
