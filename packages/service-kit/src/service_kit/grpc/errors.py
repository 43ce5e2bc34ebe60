"""Errors across a process border: exceptions → gRPC status and details → exceptions.

Details are google.rpc's (https://google.aip.dev/193): ErrorInfo carries the reason, BadRequest the violations,
RetryInfo the time to wait. They travel in the trailer `grpc-status-details-bin`; nothing is parsed out of texts.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpclib.const import Status
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError
from loguru import logger

from service_kit.request.errors import CallError, Violation

#: Exception → gRPC status and reason. str(exception) is the detail that the caller reads; an exception may carry
#: `violations` and `retry_after_s`. The most specific class wins.
ErrorTable = Mapping[type[Exception], tuple[Status, str]]

DOMAIN = "headrace"
#: What says nothing but the status itself: a peer that does not speak our details.
_REASONS = {
    Status.DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
    Status.UNAVAILABLE: "UPSTREAM_UNAVAILABLE",
    Status.UNIMPLEMENTED: "NOT_IMPLEMENTED",
}


def to_call_error(error: Exception, table: ErrorTable, *, is_late: bool = False) -> CallError:
    """What a caller may know of ``error``.

    An exception that the table does not hold is logged, and INTERNAL; of one that is UNAVAILABLE, the cause is logged.

    is_late: the caller's time is over. What is UNAVAILABLE is DEADLINE_EXCEEDED then: a store that is given only the
    rest of that time is not away.
    """
    if isinstance(error, CallError):
        return error
    for kind in type(error).__mro__:
        if kind in table:
            status, reason = table[kind]
            if status is Status.UNAVAILABLE and is_late:
                return CallError(Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
            if status is Status.UNAVAILABLE:
                # The caller is told nothing of the cause, so it is told here.
                logger.warning("{} ({!r})", error, error.__cause__)
            violations = getattr(error, "violations", ())
            return CallError(status, reason, str(error), violations, getattr(error, "retry_after_s", None))
    if isinstance(error, asyncio.TimeoutError):
        return CallError(Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
    logger.opt(exception=error).error("unexpected error")
    return CallError(Status.INTERNAL, "INTERNAL")


def to_grpc_error(error: CallError) -> GRPCError:
    """The error as grpclib sends it."""
    details: list[Any] = [ErrorInfo(reason=error.reason, domain=DOMAIN)]
    if error.violations:
        fields = (
            BadRequest.FieldViolation(field=v.field, reason=v.rule, description=v.message) for v in error.violations
        )
        details.append(BadRequest(field_violations=fields))
    if error.retry_after_s is not None:
        details.append(RetryInfo(retry_delay=_duration(error.retry_after_s)))
    return GRPCError(error.status, error.detail or None, details)


def from_grpc_error(error: GRPCError) -> CallError:
    """The error as the other process raised it."""
    reason = _REASONS.get(error.status, "INTERNAL")
    violations: tuple[Violation, ...] = ()
    retry_after_s: float | None = None
    for detail in error.details or ():
        if isinstance(detail, ErrorInfo) and detail.domain == DOMAIN:
            reason = detail.reason
        elif isinstance(detail, BadRequest):
            violations = tuple(Violation(v.field, v.reason, v.description) for v in detail.field_violations)
        elif isinstance(detail, RetryInfo):
            retry_after_s = detail.retry_delay.ToNanoseconds() / 1e9
    return CallError(error.status, reason, error.message or "", violations, retry_after_s)


def from_transport_error(error: Exception) -> CallError:
    """What it means that a call ended without a gRPC status: grpclib lets these through as they are."""
    if isinstance(error, asyncio.TimeoutError):
        return CallError(Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
    if isinstance(error, OSError | StreamTerminatedError | ProtocolError):
        return CallError(Status.UNAVAILABLE, "UPSTREAM_UNAVAILABLE", retry_after_s=1)
    raise error


#: What grpclib raises besides GRPCError when the transport fails.
TRANSPORT_ERRORS = (asyncio.TimeoutError, OSError, StreamTerminatedError, ProtocolError)


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration
