"""Failures of single attempts at a call: what they mean to the client, to the address, and to another attempt."""

from dataclasses import dataclass

from grpclib.const import Status
from grpclib.exceptions import StreamTerminatedError
from service_kit.errors import CallError

#: The statuses that speak against the address that gave them.
FAILURES = frozenset({Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.INTERNAL, Status.UNKNOWN})


class PeerRefusedError(StreamTerminatedError):
    """The call has not been looked at: the peer says so (RFC 9113, 6.8 and 8.7), or it never left."""


class ConnectionLostError(StreamTerminatedError):
    """The connection broke under the call; nobody can tell whether it was looked at."""


@dataclass(eq=False)
class AttemptError(CallError):
    """An attempt that failed for want of a working service, not for what was asked of it.

    never_ran: provably, no handler has seen the call, so it may be sent again, whatever it does.
    lost: its connection gave way, which says little of the address: another connection may do.
    neutral: it says nothing against the address, and is not counted by its breaker.
    """

    never_ran: bool = False
    lost: bool = False
    neutral: bool = False


def speaks_against_address(error: Exception) -> bool:
    """What a breaker counts; any other answer counts neither way, whether the caller likes it or not."""
    return isinstance(error, AttemptError) and not error.neutral
