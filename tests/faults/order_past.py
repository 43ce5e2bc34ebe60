"""What one order's past looked like to its clients."""

import bisect
import math
from collections.abc import Iterator

from tests.faults.history import Kind, Op, Outcome, Sight


class OrderPast:
    """Gathers the operations that say something of one order, and tells which of them cannot be true together."""

    def __init__(self) -> None:
        self._there: list[Op] = []
        self._absent: list[Op] = []
        self._deletions: list[Op] = []
        #: A creation tells what its first answer was, also when the order has changed or is gone since.
        self._created: list[Op] = []
        self._versions: list[tuple[Op, int]] = []

    def take(self, op: Op, sight: Sight | None) -> None:
        """Put down an operation that asked for the order, or for all, and what its answer told of this one."""
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
        """Those that did not find the order, though it was there and nobody had asked for its deletion."""
        return (op for op in self._missed() if op.ended_s < self._asked_s())

    def returned(self) -> Iterator[Op]:
        """Those that found it after it was gone."""
        deleted = [op for op in self._deletions if op.outcome is Outcome.OK]
        seen_gone = [op for op in self._missed() if op.ended_s >= self._asked_s()]
        gone_s = min((op.ended_s for op in (*deleted, *seen_gone)), default=math.inf)
        return (op for op in self._there if op.invoked_s > gone_s)

    def went_back(self) -> Iterator[Op]:
        """Those that were told an older version than somebody before them."""
        told = sorted((op.ended_s, version) for op, version in self._versions)
        ends = [ended_s for ended_s, _ in told]
        newest = [0]
        for _, version in told:
            newest.append(max(newest[-1], version))
        return (op for op, version in self._versions if newest[bisect.bisect_left(ends, op.invoked_s)] > version)

    def _asked_s(self) -> float:
        """Since when it may be gone."""
        return min((op.invoked_s for op in self._deletions), default=math.inf)

    def _missed(self) -> list[Op]:
        """Those that did not find it and began when it had been there for certain."""
        known_s = min((op.ended_s for op in (*self._created, *self._there)), default=math.inf)
        return [op for op in self._absent if op.invoked_s > known_s]
