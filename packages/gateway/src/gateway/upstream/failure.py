"""Failures of single attempts at a call: what they mean to the client, to the address, and to another attempt."""

from dataclasses import dataclass

from grpclib.const import Status
from grpclib.exceptions import StreamTerminatedError
from service_kit.request.errors import CallError

from gateway.upstream.breaker import Verdict

#: The statuses that speak against the address that gave them.
FAILURES = frozenset({Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.INTERNAL, Status.UNKNOWN})


class PeerRefusedError(StreamTerminatedError):
    """The call has not been looked at: the peer says so (RFC 9113, 6.8 and 8.7), or it never left."""


class ConnectionLostError(StreamTerminatedError):
    """The connection broke under the call, which may have been looked at or not.

    is_first: of the calls that the connection had in progress, this one stands for the loss.
    """

    def __init__(self, reason: str, *, is_first: bool) -> None:
        super().__init__(reason)
        self.is_first = is_first


@dataclass(eq=False)
class AttemptError(CallError):
    """An attempt that failed for want of a working service, not for what was asked of it.

    never_ran: provably, no handler has seen the call, so it may be sent again for every method.
    lost: its connection gave way, which says little of the address: another connection may do.
    neutral: it says nothing against the address, and is not counted by its breaker.
    silent: the address does not answer anything, pings included.
    """

    never_ran: bool = False
    lost: bool = False
    neutral: bool = False
    silent: bool = False


def verdict_on_address(error: Exception) -> Verdict:
    """Returns what the end of an attempt says about its address."""
    if not isinstance(error, AttemptError) or error.neutral:
        return Verdict.NEUTRAL
    is_away = error.silent or error.status is Status.UNAVAILABLE
    return Verdict.AWAY if is_away else Verdict.SUSPECT
