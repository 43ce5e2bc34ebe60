"""What clients asked of the orders and were told, with the times: the record that a checker judges.

It follows Jepsen's histories (https://jepsen.io): an operation is invoked and ends in one of a few ways. One of which
nothing is known stays in doubt for ever: it may have taken effect, may do so later, or never.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was asked."""

    CREATE = "create"
    GET = "get"
    LIST = "list"
    CANCEL = "cancel"
    DELETE = "delete"


class Outcome(StrEnum):
    """What came of it."""

    OK = "ok"
    #: It had no effect, for another reason than the next one.
    REFUSED = "refused"
    #: It had no effect, because there was no such order.
    MISSING = "missing"
    #: No answer, or one of 500 and above.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sight:
    """An order as an answer told of it. key: that of the creation it came from, which its lines name."""

    order_id: str
    key: str
    version: int


@dataclass(frozen=True, slots=True)
class Op:
    """One request of a user. Times are in seconds, of one monotonic clock.

    target: the Idempotency-Key of a creation, the order's id of everything else but a list. seen: the orders in the
    answer; a list has all of the user's, and a create that which it created, now or before.
    """

    user: str
    kind: Kind
    outcome: Outcome
    invoked_s: float
    ended_s: float
    target: str = ""
    seen: tuple[Sight, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.target} [{self.invoked_s:.3f} to {self.ended_s:.3f} s: {self.outcome}]"
