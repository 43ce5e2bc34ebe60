"""Why a call is refused, in the one shape that crosses every layer and process."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from grpclib.const import Status


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule of the contract that one field breaks.

    field: the path of the field, "lines[3].sku". rule: the rule's id, "string.max_len". message: for people.
    """

    field: str
    rule: str
    message: str


@dataclass(eq=False)
class CallError(Exception):
    """A call that is refused, or has failed in a way that its caller may know about.

    status: the gRPC status. reason: the stable name of the cause, a value of a reason catalogue in the contract.
    detail: for people; it crosses process borders, so nothing internal belongs in it.
    violations: the rules of the contract that the request breaks, where that is the cause.
    retry_after_s: when it makes sense to try again, in seconds; None: unknown.
    """

    status: Status
    reason: str
    detail: str = ""
    violations: Sequence[Violation] = field(default=())
    retry_after_s: float | None = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason
