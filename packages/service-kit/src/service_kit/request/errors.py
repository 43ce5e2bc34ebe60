"""The error of a call, in the one form that crosses all layers and processes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from grpclib.const import Status


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule of the contract that a field violates.

    field: its path, "lines[3].sku". rule: the rule's id, "string.max_len". message: for people.
    """

    field: str
    rule: str
    message: str


@dataclass(eq=False)
class CallError(Exception):
    """A call that is refused, or has failed in a way that its caller may know.

    status: the gRPC status. reason: the stable name of the cause, a value of a reason catalogue in the contract.
    detail: for people; it crosses process boundaries, so it must not contain anything internal.
    violations: the rules of the contract that the request violates, if that is the cause.
    retry_after_s: when a retry makes sense, in seconds; None: unknown.
    """

    status: Status
    reason: str
    detail: str = ""
    violations: Sequence[Violation] = field(default=())
    retry_after_s: float | None = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason
