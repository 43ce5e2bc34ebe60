"""Which errors of a call speak against the upstream itself."""

from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from service_kit.errors import CallError

_FAILURES = frozenset({Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.INTERNAL, Status.UNKNOWN})


def is_upstream_failure(exc: Exception) -> bool:
    """The upstream is down, stuck or broken; False: it answered, whether the caller likes the answer or not."""
    if isinstance(exc, (CallError, GRPCError)):
        return exc.status in _FAILURES
    # What grpclib lets through where the connection breaks, or a deadline passes, before there is a status.
    return isinstance(exc, (TimeoutError, StreamTerminatedError, OSError))
