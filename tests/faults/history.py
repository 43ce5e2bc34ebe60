"""The history of operations on orders, with times and results: the input of the checker.

It follows Jepsen's histories (https://jepsen.io): an operation is invoked and ends with an outcome. An operation with
an unknown outcome may have taken effect, may do so later, or never.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kind of an operation."""

    CREATE = "create"
    GET = "get"
    LIST = "list"
    CANCEL = "cancel"
    DELETE = "delete"


class Outcome(StrEnum):
    """The outcome of an operation."""

    OK = "ok"
    #: It had no effect, for a reason other than GONE.
    REFUSED = "refused"
    #: It had no effect, because the order did not exist.
    MISSING = "missing"
    #: No response, or a status of 500 or above.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sight:
    """An order in a response. key: the Idempotency-Key of its creation, which its only line names."""

    order_id: str
    key: str
    version: int


@dataclass(frozen=True, slots=True)
class Op:
    """One request of a user; times are in seconds of one monotonic clock.

    target: the Idempotency-Key of a creation; the order id of other operations; empty for a list. seen: the orders in
    the response; a list has all orders of the user, a creation the one that it created, now or before.
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
