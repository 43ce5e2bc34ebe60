"""A refused call of a service as a problem document: gRPC status → HTTP status, in one table."""

from collections.abc import Mapping
from math import ceil

from grpclib.const import Status
from service_kit.contract.reasons import Reason
from service_kit.request.errors import CallError

from gateway.problems import Decision, Problem

_HTTP_STATUS = {
    Status.INVALID_ARGUMENT: 400,
    Status.UNAUTHENTICATED: 401,
    Status.PERMISSION_DENIED: 403,
    Status.NOT_FOUND: 404,
    Status.ALREADY_EXISTS: 409,
    Status.ABORTED: 409,
    Status.FAILED_PRECONDITION: 409,
    Status.RESOURCE_EXHAUSTED: 429,
    Status.CANCELLED: 499,
    Status.UNIMPLEMENTED: 501,
    Status.UNAVAILABLE: 503,
    Status.DEADLINE_EXCEEDED: 504,
}
#: Which policy refused, where the HTTP status says that one did: (policy, state).
_POLICIES = {
    401: ("authentication", "refused"),
    403: ("access", "denied"),
    429: ("upstream", "exhausted"),
    503: ("upstream", "unavailable"),
    504: ("deadline", "exceeded"),
}
#: The same for specific reasons: gateway and service report an ended session alike, whichever detects it.
_POLICIES_OF_REASONS = {
    "SESSION_INVALID": ("authentication", "revoked"),
    "SESSION_REUSED": ("authentication", "revoked"),
}
_COME_BACK = {429, 503}


def to_problem(error: CallError, reasons: Mapping[str, Reason]) -> Problem:
    """The problem that ``error`` is to a REST client. A reason may have an HTTP status of its own."""
    reason = reasons.get(error.reason)
    status = _HTTP_STATUS.get(error.status, 500)
    if reason is not None and reason.http_status is not None:
        status = reason.http_status
    return Problem(status, error.reason, error.detail, error.violations, _decision(status, error))


def _decision(status: int, error: CallError) -> Decision | None:
    if status not in _POLICIES:
        return None
    policy, state = _POLICIES_OF_REASONS.get(error.reason, _POLICIES[status])
    retry_after_s = error.retry_after_s
    wait = ceil(retry_after_s) if retry_after_s is not None else 1
    return Decision(policy, state, retry_after_s=max(1, wait) if status in _COME_BACK else None)
